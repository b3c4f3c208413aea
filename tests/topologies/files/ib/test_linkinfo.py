"""iblinkinfo, plain and -l, as printed for a network of ibsim: the graph of ibnetdiscover -p on it."""

from __future__ import annotations

import re
from pathlib import Path

import networkx as nx
import pytest

from fabric.words.errors import FileFormatError
from topologies import star
from topologies.files.exchange import file_format, read_graph, write_graph
from topologies.files.ib.linkinfo import side

STATE = "==( 4X           2.5 Gbps Active/  LinkUp)==>"
COULD = "(Could be 12X Could be 10.0 Gbps)"
HOST = {1: "host-0 mlx5_0", 2: "host-1 mlx5_0", 3: "host-2 mlx5_0", 4: "host-3 mlx5_0"}
LEAF = {5: ("leaf 0", 1, 2), 6: ("leaf 1", 3, 4)}


def guid(lid: int) -> str:
    return f"0x{0x100001 + 2 * (lid - 1) if lid < 5 else 0x200000 + lid - 5:016x}"


def sides() -> list[tuple[int, int, int, int, str]]:
    """LID, port, LID and port of the far end, its name; port 4 of each leaf leads nowhere."""
    found = []
    for lid, (name, *hosts) in LEAF.items():
        for port, host in enumerate(hosts, 1):
            found += [(host, 1, lid, port, name), (lid, port, host, 1, HOST[host])]
        found += [(lid, 3, 11 - lid, 3, LEAF[11 - lid][0]), (lid, 4, 0, 0, "")]
    return found


def plain() -> str:
    text = ""
    for lid, host in HOST.items():
        far = next(s for s in sides() if s[0] == lid)
        text += f"CA: {host}:\n      {guid(lid)}      {lid}    1[  ] {STATE}       {far[2]}    {far[3]}[  ] "
        text += f'"{far[4]}" {COULD}\n'
    for lid, (name, *_) in LEAF.items():
        text += f"Switch: {guid(lid)} {name}:\n"
        for here, port, there, far, peer in sides():
            if here == lid and there:
                text += (
                    f'           {lid}    {port}[  ] {STATE}       {there}    {far}[  ] "{peer}" {COULD}\n'
                )
            elif here == lid:
                text += f'           {lid}    {port}[  ] ==(          Down/ Polling)==>        [  ] "" ( )\n'
    return text


def one_line() -> str:
    text, names = "", HOST | {lid: about[0] for lid, about in LEAF.items()}
    for lid, port, there, far, peer in sides():
        head = f'{guid(lid)} "{names[lid]:>30}"      {lid}    {port}[  ] '
        if there:
            text += f'{head}{STATE}  {guid(there)}      {there}    {far}[  ] "{peer}" {COULD}\n'
        else:
            text += f'{head}==(                Down/ Polling)==>             [  ] "" ( )\n'
    return text


def ports() -> str:
    text, names = "", HOST | {lid: about[0] for lid, about in LEAF.items()}
    for lid, port, there, far, peer in sides():
        kind = "CA" if lid < 5 else "SW"
        head = f"{kind} {lid:5} {port:2} {guid(lid)} 4x SDR"
        other = "CA" if there < 5 else "SW"
        alone = f"{head}                                    '{names[lid]}'\n"
        whole = (
            f"{head} - {other} {there:5} {far:2} {guid(there)} ( '{names[lid]}' - '{peer}' )\n"
            if there
            else alone
        )
        text += whole
    return text


def read(text: str, folder: Path) -> nx.Graph:
    (folder / "x").write_text(text)
    assert file_format(folder / "x") == "ibnetdiscover"
    return read_graph(folder / "x")


@pytest.mark.parametrize("text", [plain(), one_line(), f"$ iblinkinfo -l\n{one_line()}"])
def test_both_forms_say_what_ibnetdiscover_p_says(text, tmp_path):
    G, H = read(text, tmp_path), read(ports(), tmp_path)
    assert dict(G.nodes(data=True)) == dict(H.nodes(data=True)) and G.size() == 5
    assert sorted(map(repr, G.edges(data=True))) == sorted(map(repr, H.edges(data=True)))
    assert "Left out 2 ports without a peer." in G.graph["notes"]


def test_speeds_are_told_by_what_a_lane_signals(tmp_path):
    for lane, rate in (("25.78125", 12.5e9), ("53.125", 25e9), ("106.25", 50e9), ("212.5", 100e9)):
        G = read(one_line().replace("2.5 Gbps Active", f"{lane} Gbps Active"), tmp_path)
        assert {data["rate"] for *_, data in G.edges(data=True)} == {rate}
    with pytest.raises(
        FileFormatError,
        match=r"line 1, column [0-9]+: unknown rate '4x 7\.0': known are 1, 2, 4, 8, 12 lanes of SDR",
    ):
        read(one_line().replace("2.5 Gbps Active", "7.0 Gbps Active"), tmp_path)


def test_a_line_that_is_cut_off_is_refused_and_a_far_end_that_no_line_describes(tmp_path):
    cut = re.sub(r'\[  \] "leaf 0" .*\n', "\n", one_line(), count=1)
    assert side(cut.split("\n")[0]) is None
    with pytest.raises(
        FileFormatError, match=r"line 1, column [0-9]+: cut off, or its far end .*: '0x0000000000100001"
    ):
        read(cut, tmp_path)
    only = plain()[plain().index("Switch: 0x0000000000200000") :].split("Switch: 0x0000000000200001")[0]
    with pytest.raises(
        FileFormatError,
        match=r"line 2, column [0-9]+: cut off, or its far end is a LID that no line describes",
    ):
        read(only, tmp_path)


def test_what_full_adds_to_a_line_changes_nothing(tmp_path):
    write_graph(star(endpoints=3), tmp_path / "x.ibnetdiscover")
    text = (tmp_path / "x.ibnetdiscover").read_text()
    full = read(text.replace("4xNDR\n", "4xNDR s=1 w=2 v=4\n"), tmp_path)
    assert nx.utils.graphs_equal(full, read(text, tmp_path))


def test_a_port_has_a_link_where_it_is_up_and_names_its_far_end():
    line = '6 1[ ] ==( 4X {} {}/ LinkUp)==> {}[ ] "host-2 mlx5_0" ( )'
    assert side(line.format("25.78125 Gbps", "Active", "3 1"))[4:9] == ("4x EDR", 12, None, "3", 1)
    for rate, state, far in (
        ("25.78125 Gbps", "Down", "3 1"),
        ("25.78125 Gbps", "Initialize", ""),
        ("Gbps", "Active", "3 1"),
    ):
        assert side(line.format(rate, state, far))[4:] == ("", 0, None, None, None, "")
