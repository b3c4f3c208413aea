"""A wrong word in a valid file: the error names its line, and the column where it begins.

Every reader of texts whose lines have several things in them; the word and its place are drawn.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))
from readers import READERS

from fabric.words.errors import FabricsimError, FileFormatError

WRONG = "@@"
ONLY_UTF_8 = ("GraphML", "GEXF", "NCCL topology")  # XML says its encoding itself
WORD = re.compile(r"""[^\s,;=\[\]{}()<>"':#|/]+""")
PLACE = re.compile(r"(?:.*, )?line (\d+), column (\d+)")
# Where a reader cannot know that the word is the wrong one: names that other lines refer to, values that two
# lines have to share, and what says which format the file is in. Its error names a place, if there is one.
FREE: dict[str, str] = {
    "node-link": r"\"[^\"]*\"",
    "Chakra": r"\"[^\"]*\"|(?<=\"id\": )\w+",
    "link CSV": r"^.*(?=,[\d.]+,[\d.e-]+$)|^source,.*",
    "neighbours": "",
    "ibnetdiscover": "",
    "iblinkinfo": r"Gbps|^(Switch|CA): .*:$",
    "forwarding dumps": r"Out|Info|guid",
    "static tables": "",
    "topology.txt": r"\A.*",
    "htsim": r"\A.*\n.*",
    "matrix": r"\A.*",
    "connections": r"\A.*\n.*",
    "DOT": r"\Agraph|\{ rank=.*|^.*?(?=\[)|kind=\"?\w+",
    "GML": r"\Agraph",
    "GOAL": r"\A\w+ \w+|\w+(?=:)|rank",
    "GraphML": r"\A.*\n.*|<key [^>]*>|key=\"[^\"]*\">(\{[^<]*|\[[^<]*|switch|gpu|nvswitch)",
    "GEXF": r"\A<gexf|<attribute.*|id=\"[^\"]*\"|<edges?|</?\w+",
    "NCCL topology": r"\A<system|</?\w+",
    "Slurm": r"(?<=SwitchName=)\S+|SwitchName|\[\S+",
    "InfraGraph": r"^devices|\[[^\]]*\]|(?<=name: )\w+|\w+(?=:)|choice: \w+|device: \w+",
    "InfraGraph expanded": r"(?<=: )\S+|(?<=\d )\w+|\w+(?=:)",
    "Slurm YAML": r"\A(.*\n){4}|-? ?topology|\[[^\]]*\]|(?<=: )\S+|\w+(?=:)",
    "fault file": "",
    "schedule": r"(?<=,)\d+|(?<==)\d+",
    "placement": "",
    "traffic": "",
    "log": r"^#(?!.*size +count).*|size|redop|(?<=#)wrong|^ +\d+ +\d+ +\w+ +\w+",
    "JSON log": r"\"[^\"]*\"",
    "Inspector": r"\"[^\"]*\"",
    "measured times": r"\A.*|^mine|(?<=mine,)a|ring|NCCL|me$",
    "hosts of runs": r"\A.*|n.\.site",
    "records CSV": r"^num.*|^\d+,\w+,|(?<=,)(float|sum),\w+|\w+$",
    "rows JSON": r"\"[^\"]*\"",
    "rows JSONL": r"\"[^\"]*\"",
    "records JSON": r"\"[^\"]*\"",
}


def wrong(name: str, folder: Path, pick: Callable[[int], int]) -> tuple[str, int, int, bool]:
    """A seed of the reader with a wrong word, the line and the column of it, and whether it is a free one."""
    seeds = READERS[name].seeds(folder)
    text = seeds[pick(len(seeds))].decode()
    words = list(WORD.finditer(text))
    word = words[pick(len(words))]
    spans = (match.span() for match in re.finditer(FREE[name], text, re.M)) if FREE[name] else ()
    free = any(start <= word.start() < end for start, end in spans)
    line, column = text.count("\n", 0, word.start()) + 1, word.start() - text.rfind("\n", 0, word.start())
    return text[: word.start()] + WRONG + text[word.end() :], line, column, free


@pytest.mark.parametrize("name", FREE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_error_names_the_line_and_the_column_of_a_wrong_word(name: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        text, line, column, free = wrong(name, folder, lambda n: data.draw(st.integers(0, n - 1)))
        path = folder / READERS[name].name
        encoding = data.draw(
            st.sampled_from(["utf-8", "utf-8-sig", *(["utf-16"] if name not in ONLY_UTF_8 else [])])
        )
        newline = data.draw(st.sampled_from(["\n", "\r\n"]))
        path.write_text(text, encoding=encoding, newline=newline)
        try:
            READERS[name].read(str(path))
        except FileFormatError as error:
            match = PLACE.fullmatch(error.where)
            if not free:
                assert match, str(error)
                assert (int(match[1]), int(match[2])) == (line, column), str(error)
            else:
                assert match or not error.where, str(error)
        except FabricsimError:
            assert free  # the graph breaks the schema: named by node and attribute


@pytest.mark.parametrize("name", FREE)
def test_most_wrong_words_are_noticed(name: str, tmp_path: Path) -> None:
    """The property above says nothing of a reader that takes everything."""
    noticed = 0
    for i in range(40):
        text, *_ = wrong(name, tmp_path, lambda n, i=i: (7 * i + 3) % n)  # type: ignore[misc]
        path = tmp_path / READERS[name].name
        path.write_text(text, encoding="utf-8", newline="")
        try:
            READERS[name].read(str(path))
        except FabricsimError:
            noticed += 1
    assert noticed >= 10
