"""Settings: dotted keys address parts of a text; unknown and ambiguous names list what is legal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.words.errors import ParameterError
from sims.models.fluid.engine import ENGINES
from sims.settings.assignments import read_assignments
from sims.settings.each.engine import ENGINES as ENGINE_NAMES
from sims.settings.each.topology import _unnamed
from sims.settings.table import COLLECTIVES, KINDS, SETTINGS, spelled, table_of
from sims.settings.texts import DEFAULTS, assign, legal_parts
from sims.workload.collectives import algorithms
from topologies.catalogue import listing

BASE = {**DEFAULTS, "topology": "fat-tree:k=16,rate=400Gbps", "algorithm": "ring:channels=2"}


@pytest.mark.parametrize(
    ("key", "value", "field", "text"),
    [
        ("topology.k", "32", "topology", "fat-tree:k=32,rate=400Gbps"),
        ("k", "32", "topology", "fat-tree:k=32,rate=400Gbps"),
        ("oversubscription", "3", "topology", "fat-tree:k=16,rate=400Gbps,oversubscription=3"),
        ("routing.qps", "16", "routing", "ecmp:qps=16"),
        ("algorithm.channels", "4", "algorithm", "ring:channels=4"),
        ("channels", "4", "algorithm", "ring:channels=4"),
        ("latency_profile.overhead", "1us", "latency_profile", "roce-400g:overhead=1us"),
        ("latency-profile.overhead", "1us", "latency_profile", "roce-400g:overhead=1us"),
        ("switch_latency", "300ns", "latency_profile", "roce-400g:switch_latency=300ns"),
        ("size_bytes", "8", "size", "8"),
        ("ranks", "8", "ranks", "8"),
    ],
)
def test_assign(key: str, value: str, field: str, text: str) -> None:
    assert assign(BASE, key, value) == {**BASE, field: text}


def test_presets_and_files_have_parts(tmp_path: object) -> None:
    preset = {**DEFAULTS, "topology": "preset:hpn-pod"}
    part = legal_parts("topology", "preset:hpn-pod")[0]
    assert assign(preset, f"topology.{part}", "1")["topology"] == f"preset:hpn-pod:{part}=1"
    file = {**DEFAULTS, "topology": "cluster/dump.txt:delay=25ns"}
    changed = assign(file, "topology.nvlink", "450GB/s")["topology"]
    assert changed == "cluster/dump.txt:delay=25ns,nvlink=450GB/s"


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("rnaks", "legal: topology, ranks"),
        ("switch_latncy", r"part of one \(did you mean 'latency_profile.switch_latency'\? legal"),  # once
        ("qp", r"part of one \(did you mean 'routing.qps'\? legal"),
        ("topolgy.k", "did you mean 'topology'"),
        ("topology.kk", "no topology has such a part"),
        ("ranks.k", "ranks has no parts"),
        ("topology.su", "fat-tree has no such part; legal: k, "),
    ],
)
def test_unknown_names(key: str, rule: str) -> None:
    with pytest.raises(ParameterError, match=rule):
        assign(BASE, key, "1")


def test_an_ambiguous_name_lists_its_meanings(monkeypatch: pytest.MonkeyPatch) -> None:
    # No two fields share the name of a part today; the day they do, neither is guessed.
    shared = {"topology": ("rate",), "routing": ("rate",)}
    monkeypatch.setattr("sims.settings.texts.legal_parts", lambda field, text, kind: shared.get(field, ()))
    with pytest.raises(ParameterError, match=r"topology\.rate or routing\.rate: write one of them"):
        assign(BASE, "rate", "1GB/s")


def test_every_part_of_the_catalogue_can_be_named() -> None:
    for entry in listing():
        assert legal_parts("topology", f"{entry.name}:x=1") == tuple(entry.parameters)
    for name, algorithm in algorithms().items():
        assert legal_parts("algorithm", name) == tuple(algorithm.parameters)
    assert (*ENGINES, "packet") == ENGINE_NAMES


@pytest.mark.parametrize(("field", "text"), DEFAULTS.items())
def test_defaults_are_legal(field: str, text: str) -> None:
    assert spelled(field, spelled(field, text)) == spelled(field, text)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(
            ("topology", "fat-tree:kk=4"),
            ("topology", "nowhere"),
            ("ranks", "1"),
            ("ranks", "8.0"),
            ("seed", "-1"),
        ),
        *(("placement", "heap"), ("routing", "ecpm"), ("algorithm", "ring,tree"), ("algorithm", "rng")),
        *(("size", "0"), ("engine", "fluid"), ("latency_profile", "slow"), ("seed", "9" * 19)),
    ],
)
def test_what_is_illegal_is_refused(field: str, text: str) -> None:
    with pytest.raises(ParameterError):
        spelled(field, text)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["k=8,16"], [("k", ["8", "16"])]),
        (
            ["algorithm=ring:channels=4,segment=1MiB,tree"],
            [("algorithm", ["ring:channels=4,segment=1MiB", "tree"])],
        ),
        (
            ["topology=fat-tree:k=4,rate=50GB/s,star:endpoints=8"],
            [("topology", ["fat-tree:k=4,rate=50GB/s", "star:endpoints=8"])],
        ),
        (["size=8:16G:x4", "seed=0..19"], [("size", ["8:16G:x4"]), ("seed", ["0..19"])]),
    ],
)
def test_read_assignments(texts: list[str], found: list[tuple[str, list[str]]]) -> None:
    assert read_assignments(texts) == found


@pytest.mark.parametrize("texts", [["k"], ["=3"], ["k="], ["k=3,,4"], ["k=3", "k=4"]])
def test_bad_assignments(texts: list[str]) -> None:
    with pytest.raises(ParameterError, match="--set"):
        read_assignments(texts)


@pytest.mark.parametrize("kind", [COLLECTIVES, *KINDS])
def test_no_two_settings_of_a_kind_stand_in_one_place(kind: str) -> None:
    """So that their places alone say how columns, options and lists are ordered."""
    places = [one.place for one in table_of(kind).values() if one.of == kind]
    assert places == sorted(set(places))


@given(st.text(alphabet="ab-_=,:./ é", max_size=24))
def test_what_follows_a_path_is_told_apart_whatever_stands_there(text: str) -> None:
    """By each piece between commas and colons."""
    words = [re.search(r"[\w-]+=.+", piece, re.DOTALL) for piece in re.split("[,:]", text)]
    assert _unnamed(text) == "file:" + ",".join(found[0] for found in words if found)


def test_a_long_name_without_a_value_is_read_once() -> None:
    """And not from each of its letters, which would take minutes."""
    assert _unnamed("a" * 1_000_000) == "file:"


def test_a_setting_that_names_a_file_is_read_again(tmp_path: Path) -> None:
    """A file counts by its contents, and these may change while a notebook is open."""
    path = tmp_path / "p.toml"
    for overhead in ("1000ns", "25000ns"):  # within a tick of the clock of files, so of another size
        path.write_text(f'overhead = "{overhead}"\n')
        for suffix in ("", ":switch_latency=3ns"):
            assert f"overhead={overhead}" in spelled("latency_profile", f"{path}{suffix}")


@pytest.mark.parametrize("text", [str(2**63), "9" * 40])
def test_a_whole_number_that_is_too_large_is_told_so(text: str) -> None:
    with pytest.raises(ParameterError, match=f"^ranks: '{text}': a whole number below 2\\^63$"):
        SETTINGS["ranks"].spell(text)
