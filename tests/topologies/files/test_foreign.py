"""Files that are no graphs: the error says what a file is, where that is seen, and what is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabric.words.errors import FileFormatError
from topologies.families.fat_tree import fat_tree
from topologies.files.exchange import READERS, WRITERS, file_format, read_graph, write_graph

READ = r"; read are node-link JSON, GraphML, .*Slurm's$"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '<?xml version="1.0"?>\n<platform version="4.1"/>',
            r"line 2, column 1: <platform>: a platform of SimGrid",
        ),
        ('<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n<topology/>', r"line 2, column 1: <topology>: hwloc's"),
        ("<!DOCTYPE html>\n\n <html><p>x</html>", r"line 3, column 2: <html>: a web page"),
        ('\n\n<svg xmlns="u"><g/></svg>', r"line 3, column 1: <svg>: a drawing"),
        ('<?xml version="1.0"?>\n <a:menu xmlns:a="u"/>', r"line 2, column 2: <menu>: XML of another kind"),
        ("flowchart LR\n a --> b", "Mermaid"),
        ("// x\nname: y\nnpus_count: [ 4 ]\n", "a network for ASTRA-sim"),
        ("PK\x03\x04", "an archive"),
        ("\tGPU0\tGPU1\nGPU0\t X \tNV18\n", "the matrix of nvidia-smi topo -m"),
    ],
)
def test_files_of_others_are_named_with_their_place(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=f"a.txt: {words}.*{READ}"):
        read_graph(path)


@pytest.mark.parametrize("text", ["cat <foo> bar\n", "<6>[ 1.2] kernel: link up\n", "hello\n"])
def test_of_text_that_nobody_knows_nothing_is_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(FileFormatError, match="neither node-link JSON nor the output of ibnetdiscover"):
        read_graph(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"elements": {"nodes": []}}', 'it has "elements": a graph of Cytoscape'),
        ('{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}', 'it has "a", "b", "c", "d", "e" and more'),
        *(("[1, 2]", "it is a list"), ("{}", "it has no keys")),
    ],
)
def test_of_json_its_keys_are_said(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=f'not a node-link graph: no list "nodes"; {words}'):
        read_graph(path)


@pytest.mark.parametrize("ending", WRITERS)
def test_what_is_written_is_read_or_named(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{ending}"
    write_graph(fat_tree(k=4), path)
    try:
        assert file_format(path) in READERS
    except FileFormatError as error:
        assert "which is written here and not read" in str(error)
