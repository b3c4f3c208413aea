"""A preset asked for by another of its names: the header says of which one it is a name."""

import networkx as nx
import pytest

from sims.cli.fabric_options import built
from sims.cli.main import main
from sims.cli.progress import Progress


def notes_of(text: str) -> list[str]:
    with Progress(silent=True) as progress:
        graph, topology = built(text, progress)
    assert topology.text.startswith("preset:colossus-100k") and isinstance(graph, nx.Graph)
    return list(graph.graph.get("notes", ()))


def test_another_name_is_told_and_the_own_one_is_not() -> None:
    own = notes_of("preset:Colossus-100k:servers=200")
    for text in ("preset:memphis:servers=200", "PRESET:Memphis:servers=200"):
        assert notes_of(text) == ["preset:memphis is preset:colossus-100k, as reported", *own]


def test_the_header_of_a_command_tells_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["fabricsim", "topology", "show", "preset:memphis:servers=200"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    out = capsys.readouterr().out
    assert "note: preset:memphis is preset:colossus-100k, as reported" in out
