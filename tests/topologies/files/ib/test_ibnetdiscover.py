"""Reading ibnetdiscover: drawn fabrics, a real cluster counted independently, each promise broken once."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import networkx as nx
import pytest
from project import ROOT

from fabric.words.errors import FileFormatError, ParameterError
from topologies.files.exchange import file_format, read_graph
from topologies.files.ib.hosts import host_and_device
from topologies.files.ib.ibnetdiscover import looks_like_ibnetdiscover, read_ibnetdiscover
from topologies.files.ib.tiers import infer_tiers

SAMPLES = ROOT.parent / "shared" / "samples"
Read = Callable[..., nx.Graph]
Cables = Sequence[tuple[str, int, str, int]]  # name, port, name, port; a name in capitals is a switch


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"sample file {name} is not beside this checkout")
    return path


def guid(name: str) -> str:
    switch = name.split()[0].isupper() and not name.startswith("MT")
    return f"{'S' if switch else 'H'}-{zlib.crc32(name.encode()):016x}"


def listing(cables: Cables, rate: str = "4xNDR") -> str:
    """The topology file of ``ibnetdiscover`` for the cables, each listed on both sides."""
    sides = [*cables, *((b, q, a, p) for a, p, b, q in cables if (a, p) != (b, q))]
    text = "#\n# Topology file: generated on Mon Jan  1 00:00:00 2024\n#\n"
    for name in dict.fromkeys(side[0] for side in sides):
        switch = guid(name).startswith("S")
        device = "0xcf09" if "Aggregation" in name else "0x1"
        text += f"\nvendid=0x2c9\ndevid={device}\n{'switch' if switch else 'ca'}guid=0x1\n"
        text += f'{"Switch" if switch else "Ca"}\t65 "{guid(name)}"\t\t# "{name}"'
        text += " enhanced port 0 lid 7 lmc 0\n" if switch else "\n"
        for _, p, peer, q in (side for side in sides if side[0] == name):
            lid = "" if switch else "lid 8 lmc 0 "
            here = "" if switch else f"({guid(name)[2:]}) "
            text += f'[{p}]{here}\t"{guid(peer)}"[{q}]\t\t# {lid}"{peer}" lid 9 {rate}\n'
    return text


def ports(cables: Cables, rate: str = "4x NDR") -> str:
    """The same as ``ibnetdiscover -p`` prints it."""

    def end(name: str, port: int) -> str:
        return f"{'SW' if guid(name)[0] == 'S' else 'CA'} {7:5} {port:2} 0x{guid(name)[2:]}"

    sides = [*cables, *((b, q, a, p) for a, p, b, q in cables)]
    return "".join(f"{end(a, p)} {rate} - {end(b, q)} ( '{a}' - '{b}' )\n" for a, p, b, q in sides)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def function(text: str, **arguments: float) -> nx.Graph:
        path = tmp_path / "net.topo"
        path.write_bytes(text.encode())
        return read_ibnetdiscover(path, **arguments)

    return function


def by_name(G: nx.Graph, key: str) -> dict[str, object]:
    return {d["name"]: d.get(key) for _, d in G.nodes(data=True)}


def shape(G: nx.Graph) -> tuple[dict[int, object], dict[tuple[int, int], object]]:
    return dict(G.nodes(data=True)), {(u, v): d for u, v, d in G.edges(data=True)}


# Two leaves, two spines by two cables each; host b-2 has two adapters, b-10 one of two ports.
#   SPINE-1    SPINE-2
#    || \\    //  ||
#   LEAF-1    LEAF-2
#    |   \    |   ||
#  b-2#1  \ b-2#10 b-10#1
TRUNKS = [
    (leaf, 10 * s + 2 * i + k, f"SPINE-{s}", 10 * i + k)
    for i, leaf in enumerate(("LEAF-1", "LEAF-2"), 1)
    for s in (1, 2)
    for k in (0, 1)
]
DRAWN = [
    ("b-10 HCA-1", 1, "LEAF-2", 2),
    ("b-2 HCA-10", 1, "LEAF-2", 1),
    ("b-10 HCA-1", 2, "LEAF-2", 3),
    ("b-2 HCA-1", 2, "LEAF-1", 1),
    *TRUNKS,
]


@pytest.mark.parametrize("form", [listing, ports])
def test_drawn_fabric_in_both_forms(read: Read, form: Callable[[Cables], str]) -> None:
    G = read(form(DRAWN), delay=1e-7)
    names = ["b-2 HCA-1", "b-2 HCA-10", "b-10 HCA-1", "LEAF-1", "LEAF-2", "SPINE-1", "SPINE-2"]
    assert [G.nodes[i]["name"] for i in range(7)] == list(by_name(G, "name")) == names
    assert [d["kind"] for _, d in G.nodes(data=True)] == ["gpu"] * 3 + ["switch"] * 4
    assert [d["tier"] for _, d in G.nodes(data=True)] == [0, 0, 0, 1, 1, 2, 2]
    assert [d.get("server") for _, d in G.nodes(data=True)] == [0, 0, 1, None, None, None, None]
    assert [d["guid"] for _, d in G.nodes(data=True)] == ["0x" + guid(name)[2:] for name in names]
    attributes = {"rate": 50e9, "delay": 1e-7}
    assert G.edges[0, 3] == {**attributes, "cables": 1, "ports": [(2, 1)]}
    assert G.edges[2, 4] == {**attributes, "cables": 2, "ports": [(1, 2), (2, 3)]}
    assert G.edges[4, 6] == {**attributes, "cables": 2, "ports": [(24, 20), (25, 21)]}
    assert sum(d["cables"] for *_, d in G.edges(data=True)) == len(DRAWN)
    assert (G.name, G.graph["family"]) == ("net", "ibnetdiscover")
    assert G.graph["params"] == {"file": "net.topo", "nvlink": 0.0, "delay": 1e-7}


def test_carriage_returns_messages_and_repeated_records_change_nothing(read: Read) -> None:
    text = listing(DRAWN)
    G, plain = (
        read("src/query_smp.c:195; umad bad status 110\n" + text.replace("\n", "\r\n") + text),
        read(text),
    )
    assert shape(G) == shape(plain)
    assert G.graph["notes"][0] == "Skipped 1 line of other text (src/query_smp.c:195; umad bad status 110)."
    assert G.graph["notes"][1:] == plain.graph["notes"]


def test_scale_up_switches_join_servers_of_several_adapters(read: Read) -> None:
    G = read(listing(DRAWN), nvlink=450e9)
    assert G.nodes[7] == {"kind": "nvswitch", "tier": 1, "name": "b-2 scale-up", "server": 0}
    assert sorted(G[7]) == [0, 1]
    assert G.edges[1, 7] == {"rate": 450e9, "delay": 25e-9, "cables": 1}
    assert len(G) == 8
    assert "Added 1 scale-up switch of 3.6 Tbps per adapter." in G.graph["notes"]
    assert any("no scale-up link inside 1 server" in note for note in read(listing(DRAWN)).graph["notes"])


@pytest.mark.parametrize(
    ("rate", "gbps"),
    [
        *[("1xSDR", 2), ("4xSDR", 8), ("4xDDR", 16), ("12xDDR", 48), ("4xQDR", 32), ("4xFDR10", 40)],
        *[("4xFDR", 56.25 * 64 / 66), ("4xEDR", 25.78125 * 4 * 64 / 66), ("2xHDR", 100), ("4xHDR", 200)],
        *[("4xNDR", 400), ("8xNDR", 800), ("4xXDR", 800), ("4xEDR s=32 w=2", 100)],
    ],
)
def test_data_rates(read: Read, rate: str, gbps: float) -> None:
    G = read(listing([("a HCA-1", 1, "S", 1)], rate))
    assert G.edges[0, 1]["rate"] == pytest.approx(gbps * 1e9 / 8, rel=1e-12)


def test_sides_that_differ_take_the_lower_rate_and_cables_keep_theirs(read: Read) -> None:
    text = listing([("a HCA-1", 1, "S", 1), ("a HCA-1", 2, "S", 2)])
    G = read(text[:-6] + "1xNDR\n")  # the last line: port 2 of the switch
    alike = {"rate": 12.5e9, "delay": 25e-9, "cables": 2}
    rates, ends = [50e9, 12.5e9], [(1, 1), (2, 2)]
    assert G.edges[0, 1] == {**alike, "rates": rates, "ports": ends}
    assert "Took the lower rate of 1 cable whose sides differ (a HCA-1 [2] - S [2])." in G.graph["notes"]


def test_one_sided_cables_and_undescribed_nodes_are_taken(read: Read) -> None:
    text = listing([("a HCA-1", 1, "S", 1), ("b HCA-1", 1, "S", 2), ("S", 9, "T", 9)])
    only_s = re.search(r"vendid(?:(?!vendid).)*Switch\t65 \S+\s+# \"S\".*?\n\n", text, re.S)
    assert only_s is not None
    G, H = read(only_s[0]), read(text)
    for graph in (G, H):  # these records do not agree on the LIDs
        for _, data in graph.nodes(data=True):
            del data["addresses"]
    assert shape(G) == shape(H)
    notes = " ".join(G.graph["notes"])
    assert "Took 3 cables listed on one side only (" in notes
    assert "Took 2 adapters known from the other side of a cable only (a HCA-1, b HCA-1)." in notes
    assert "Took 1 switch known from the other side of a cable only (T)." in notes


def test_adapters_without_a_host_name_are_in_no_server(read: Read) -> None:
    generic = ["MT4129 ConnectX7   Mellanox Technologies", "localhost HCA-1", "ubuntu mlx5_0", "storage"]
    cables = [(name, 1, "S", p) for p, name in enumerate([*generic, "z mlx5_1", "z mlx5_0"], 1)]
    G = read(listing(cables))
    assert [d["name"] for _, d in G.nodes(data=True)] == ["z mlx5_0", "z mlx5_1", *generic, "S"]
    assert [d.get("server") for _, d in G.nodes(data=True)] == [0, 0, None, None, None, None, None]
    note = next(note for note in G.graph["notes"] if "no server" in note)
    assert note.startswith("Put 4 adapters in no server, for want of a host name (MT4129 ConnectX7")
    assert note.endswith("ubuntu mlx5_0 and 1 more).")


def test_repeated_names_carry_the_guid_and_make_no_server(read: Read) -> None:
    text = listing([("a HCA-1", 1, "S", 1), ("b HCA-1", 1, "S", 2)]).replace('"b HCA-1"', '"a HCA-1"')
    G = read(text)
    ids = ["0x" + guid(name)[2:] for name in ("a HCA-1", "b HCA-1")]
    assert [G.nodes[i]["name"] for i in (0, 1)] == [f"a HCA-1 {i}" for i in ids]
    assert not any("server" in d for _, d in G.nodes(data=True))
    assert "Made no server of 1 host name shared by several machines (a)." in G.graph["notes"]


def test_what_carries_no_traffic_is_dropped_with_a_note(read: Read) -> None:
    kept = [("a HCA-1", 1, "S", 1), ("b HCA-1", 1, "S", 2)]
    dropped = [("Mellanox Technologies Aggregation Node", 1, "S", 65), ("S", 3, "S", 4), ("U", 1, "U", 1)]
    lone = 'Ca\t1 "H-00000000000000aa"\t\t# "lone HCA-1"\n'
    router = (
        'Rt\t2 "R-00000000000000bb"\t\t# "router"\n[1](bb) "'
        + guid("S")
        + '"[60] # lid 1 lmc 0 "S" lid 9 4xNDR\n'
    )
    G = read(listing([*kept, *dropped]) + lone + router)
    assert shape(G) == shape(read(listing(kept)))
    notes = " ".join(G.graph["notes"])
    for note in (
        "Dropped 1 SHARP aggregation node, ",
        "Dropped 2 loopback cables from a node to itself (S [3] - S [4], U [1] - U [1]).",
        "Dropped 1 router to other subnets (router).",
        "Left out 1 adapter without a link (lone HCA-1).",
        "Left out 1 switch without a link (U).",
    ):
        assert note in notes


def test_unknown_rates_are_no_link(read: Read) -> None:
    G = read(listing(DRAWN) + f'[9]\t"{guid("V")}"[1]\t# "V" lid 0 4x???\n')
    assert shape(G) == shape(read(listing(DRAWN)))
    assert "Dropped 1 link line without a known rate." in G.graph["notes"]


def test_adapters_cabled_back_to_back_need_no_switch(read: Read) -> None:
    G = read(listing([("a HCA-1", 1, "b HCA-1", 1)]))
    assert shape(G)[1] == {(0, 1): {"rate": 50e9, "delay": 25e-9, "cables": 1, "ports": [(1, 1)]}}


def test_ports_of_an_adapter_with_a_guid_each_are_one_endpoint(read: Read) -> None:
    text = "CA 1 {0} 0x000000000000a00{0} 4x EDR - SW 3 {0} 0xff ( 'MT25408 ConnectX' - 'S' )\n"
    G = read(
        text.format(1)
        + text.format(2)
        + "CA 4 1 0x000000000000b001 4x EDR - SW 3 5 0xff ( 'x HCA-1' - 'S' )\n"
    )
    assert [d["cables"] for *_, d in G.edges(data=True)] == [1, 2]


# --- tiers


def fat_tree(leaves: int, hosts: int, spines: int) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    trunks = {f"l{i}": {f"s{j}": 1 for j in range(spines)} for i in range(leaves)}
    trunks.update({f"s{j}": {f"l{i}": 1 for i in range(leaves)} for j in range(spines)})
    return {f"l{i}": hosts for i in range(leaves)}, trunks


@pytest.mark.parametrize("leaves", [2, 4, 32])
@pytest.mark.parametrize("hosts", [4, 16])
def test_a_management_node_does_not_make_a_spine_a_leaf(leaves: int, hosts: int) -> None:
    ends, trunks = fat_tree(leaves, hosts, spines=hosts)
    tiers = infer_tiers({**ends, **{f"s{j}": 1 for j in range(hosts // 2)}}, trunks)
    assert tiers == {s: 1 if s[0] == "l" else 2 for s in trunks}


def test_a_half_empty_leaf_is_a_leaf_and_cores_are_counted_in_hops() -> None:
    ends, trunks = fat_tree(8, 16, spines=16)
    for j in range(16):
        trunks[f"s{j}"]["c"] = 1
    trunks["c"] = {f"s{j}": 1 for j in range(16)}
    tiers = infer_tiers({**ends, "l3": 3, "c": 1}, trunks)
    assert tiers == {s: {"l": 1, "s": 2, "c": 3}[s[0]] for s in trunks}


def test_every_switch_of_a_mesh_is_a_leaf_and_an_island_has_no_tier() -> None:
    ring = {f"{i}": {f"{(i + 1) % 5}": 6, f"{(i - 1) % 5}": 6} for i in range(5)}
    tiers = infer_tiers(dict.fromkeys(ring, 1), {**ring, "x": {"y": 1}, "y": {"x": 1}})
    assert tiers == {**dict.fromkeys(ring, 1), "x": 0, "y": 0}


# --- samples


def test_a_real_cluster_against_an_independent_count() -> None:
    path = sample("dgx-ndr.ibnetdiscover")
    text = path.read_text()
    G = read_ibnetdiscover(path)
    adapters = re.findall(r'^Ca\t.*# "(.*)"$', text, re.M)
    real = [name for name in adapters if "Aggregation" not in name]
    kinds = Counter((d["kind"], d["tier"]) for _, d in G.nodes(data=True))
    leaves, spines = (len(re.findall(rf'^Switch\t.*# "MF0;{w}', text, re.M)) for w in ("leaf", "spine"))
    assert kinds == {("gpu", 0): len(real), ("switch", 1): leaves, ("switch", 2): spines}
    assert (len(real), leaves, spines) == (542, 31, 9)

    lines = re.findall(r'^\[\d+\].*"[SH]-.*4xNDR$', text, re.M)
    sharp = [line for line in lines if "Aggregation" in line]
    cables = sum(d["cables"] for *_, d in G.edges(data=True))
    assert 2 * cables == len(lines) - 2 * len(sharp)
    assert {d["rate"] for *_, d in G.edges(data=True)} == {50e9}

    trunks = len(re.findall(r'^\[\d+\]\s+"S-.*"MF0;spine', text, re.M))  # the lines of leaves towards spines
    between = [d["cables"] for u, v, d in G.edges(data=True) if G.nodes[u]["kind"] == "switch"]
    assert sum(between) == trunks == 2 * leaves * spines - 26  # two cables each, but for 26 that are missing
    assert min(dict(G.degree).values()) == 1
    assert nx.is_connected(G)


def test_servers_of_a_real_cluster_are_its_host_names() -> None:
    path = sample("dgx-ndr.ibnetdiscover")
    hosts = Counter(re.findall(r'^Ca\t.*# "(host-\d+) ', path.read_text(), re.M))
    G = read_ibnetdiscover(path, nvlink=450e9)
    gpus = [d for _, d in G.nodes(data=True) if d["kind"] == "gpu"]
    found = Counter(d["name"].split()[0] for d in gpus if "server" in d)
    assert found == hosts
    order = list(dict.fromkeys(d["name"].split()[0] for d in gpus if "server" in d))
    assert order == sorted(hosts) == [f"host-{i:03}" for i in range(1, len(hosts) + 1)]
    assert {d["server"]: d["name"].split()[0] for d in gpus if "server" in d} == dict(enumerate(order))
    assert sum(d["kind"] == "nvswitch" for _, d in G.nodes(data=True)) == sum(n > 1 for n in hosts.values())
    assert len({d["name"] for _, d in G.nodes(data=True)}) == len(G)


@pytest.mark.parametrize(
    ("name", "endpoints", "switches", "cables", "servers"),
    [
        ("vendor-doc-1.topo", 4, 2, 7, 0),
        ("vendor-doc-2.topo", 2, 1, 2, 2),
        ("vendor-doc-3.topo", 6, 2, 7, 5),
        ("vendor-doc-4.topo", 1, 1, 1, 1),
        ("ibnetdiscover-p.out", 3, 3, 4, 3),
    ],
)
def test_examples_of_vendor_documents(
    name: str, endpoints: int, switches: int, cables: int, servers: int
) -> None:
    G = read_ibnetdiscover(sample(name))
    kinds = Counter(d["kind"] for _, d in G.nodes(data=True))
    assert (kinds["gpu"], kinds["switch"]) == (endpoints, switches)
    assert sum(d["cables"] for *_, d in G.edges(data=True)) == cables
    assert len({d["server"] for _, d in G.nodes(data=True) if "server" in d}) == servers


def test_all_samples_are_recognised_and_other_files_are_not() -> None:
    for path in sorted(sample("dgx-ndr.ibnetdiscover").parent.iterdir()):
        assert looks_like_ibnetdiscover(path.read_text()[:2000].splitlines()), path.name
    for text in ("", '{"nodes": [], "edges": []}', "0 1\n1 2\n", "[section]\nkey=0x12\n", "# comment\n"):
        assert not looks_like_ibnetdiscover(text.splitlines())


# --- whose adapter it is


DEVICES = [
    *(("mlx5_0", "mlx5_1"), ("HCA-1", "HCA-2"), ("ibP0p1s0", "ibP2p1s0"), ("ibp12s0", "ibp12s0f1v3")),
    *(("rocep65s0f0", "roceP2p1s0f1"), ("ibx98039b0300003000", "ibo1"), ("hfi1_0", "hfi1_1")),
    *(("qib0", "qib1"), ("mthca0", "mthca1"), ("bnxt_re0", "bnxt_re_bond1"), ("irdma0", "iwp24s0f0")),
    *(("mlx5_bond_0", "mlx5_2"), ("efa_0", "rdmap16s27"), ("opap1s0", "ib3"), ("cxgb4_0", "erdma_1")),
]
BY_OPERATORS = [("gpu0", "gpu1"), ("storage0", "compute1")]  # known in the usual form alone
FORMS = ["{h} {d}", "'{h} {d}'", "{h}:{d}", "{d}@{h}"]


@pytest.mark.parametrize(
    ("form", "devices"),
    [(form, devices) for form in FORMS for devices in DEVICES]
    + [(form, devices) for form in FORMS[:2] for devices in BY_OPERATORS]
    + [("{h} {d}", ("mlx4_0 port 1", "mlx4_1 port 2"))],
)
def test_hosts_are_found_under_every_scheme_of_adapter_names(
    read: Read, devices: tuple[str, str], form: str
) -> None:
    hosts = ("gh00", "n-1.example")
    texts = [form.format(h=h, d=d) for h in hosts for d in devices]
    G = read(listing([(text, 1, "S", port) for port, text in enumerate(texts, 1)]), nvlink=450e9)
    found = by_name(G, "server")
    assert [found[text] for text in texts] == [0, 0, 1, 1]
    names = [d["name"] for _, d in G.nodes(data=True) if d["kind"] == "nvswitch"]
    assert names == [f"{host} scale-up" for host in hosts]


@pytest.mark.parametrize(
    "text",
    [
        *("MT4123 ConnectX6 Mellanox Technologies", "'MT4129 ConnectX7   Mellanox Technologies'"),
        *("mlx5_0", "HCA-1", "localhost mlx5_0", "(none) HCA-1", "Mellanox Technologies", "storage", ""),
    ],
)
def test_a_description_that_names_no_host(text: str) -> None:
    assert host_and_device(text) is None


@pytest.mark.parametrize(
    "host", ["hp-node1", "ibm-p9-001", "intel01", "ib01", "sun-3.example", "mlx-7", "h1"]
)
def test_hosts_may_be_called_like_makers_and_devices(host: str) -> None:
    assert host_and_device(f"{host} mlx5_0") == (host, "mlx5_0")
    assert host_and_device(f"{host} HCA-1") == (host, "HCA-1")


def test_a_host_name_alone_joins_its_adapters(read: Read) -> None:
    cables = [(name, 1, "S", port) for port, name in enumerate(("n1 A", "n1 B", "n2 A", "n2 B"), 1)]
    text = re.sub('"(n[12]) [AB]"', r'"\1"', listing(cables))
    G = read(text, nvlink=450e9)
    assert [d.get("server") for _, d in G.nodes(data=True)] == [0, 0, 1, 1, None, 0, 1]


def of_system(text: str, name: str, system: int) -> str:
    """The text with a line for the system image GUID in the record of ``name``."""
    head, record = text.split(f'{"Switch" if guid(name)[0] == "S" else "Ca"}\t65 "{guid(name)}"', 1)
    kind = "Switch" if guid(name)[0] == "S" else "Ca"
    return f'{head}sysimgguid=0x{system:x}\n{kind}\t65 "{guid(name)}"{record}'


def test_adapters_without_a_host_are_joined_by_their_card(read: Read) -> None:
    cables = [("a HCA-1", 1, "S", 1), ("b HCA-1", 1, "S", 2)]
    cables += [(f"MT4129 ConnectX7 {i}", 1, "S", 10 + i) for i in range(5)]
    text = listing(cables)
    for name, system in (("a HCA-1", 5), ("MT4129 ConnectX7 0", 5)):  # one card: the host has a second port
        text = of_system(text, name, system)
    for i, system in ((1, 6), (2, 6), (3, 7), (4, 0)):
        text = of_system(text, f"MT4129 ConnectX7 {i}", system)
    G = read(text)
    servers = by_name(G, "server")
    assert [servers[f"MT4129 ConnectX7 {i}"] for i in range(5)] == [servers["a HCA-1"], 2, 2, None, None]
    assert any("Told the host of 3 adapters by the card that it is on (" in n for n in G.graph["notes"])
    shared = of_system(of_system(listing(cables[:2]), "a HCA-1", 9), "b HCA-1", 9)  # names are stronger
    assert [read(shared).nodes[i]["server"] for i in (0, 1)] == [0, 1]


def test_what_a_device_is_does_not_hang_on_its_description(read: Read) -> None:
    kept = [("a HCA-1", 1, "S", 1), ("Aggregation Node HCA-1", 1, "S", 2)]
    unit = ("Mellanox Technologies Aggregation Node", 1, "S", 65)
    text = listing([*kept, unit]).replace("0xcf09", "0x1021", 1)
    assert text.count("0xcf09") == 1  # of the host's adapter its id is a ConnectX-7's, whatever it is called
    renamed = text.replace(unit[0], "rack 7 reduces")
    G = read(renamed)
    assert set(by_name(G, "kind")) == {"a HCA-1", "Aggregation Node HCA-1", "S"}
    kept = [("a HCA-1", 1, "S", 1), ("b HCA-1", 1, "S", 2)]
    gateway = of_system(of_system(listing([*kept, ("gw-1 Bridge", 1, "S", 60)]), "S", 3), "gw-1 Bridge", 3)
    assert shape(read(gateway)) == shape(read(listing(kept)))
    assert any("Dropped 1 adapter built into a switch" in note for note in read(gateway).graph["notes"])


def test_scale_up_links_that_no_server_can_have_are_refused(read: Read) -> None:
    text = listing([("a HCA-1", 1, "S", 1), ("b HCA-1", 1, "S", 2)])
    rule = (
        r"nvlink: '3.6 Tbps': needs a server of two adapters or more, and the file names none.*a HCA-1, b HC"
    )
    with pytest.raises(ParameterError, match=rule):
        read(text, nvlink=450e9)
    assert read(text).number_of_nodes() == 3


# --- what stands around a dump

PROMPTS = ("[root@ib01 ~]# ", "root@ib01:~# ", "(base) me@ib01:/tmp$ ", "ib01:~ # ", "$ ", "<admin@ib01>% ")


@pytest.mark.parametrize("form", [listing, ports])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_dump_pasted_with_its_prompts(
    form: Callable[[Cables], str], prompt: str, tmp_path: Path, read: Read
) -> None:
    path = tmp_path / "pasted.txt"
    path.write_text(f"{prompt}ibnetdiscover\n{form(DRAWN)}{prompt}\n{prompt}exit\n")
    assert file_format(path) == "ibnetdiscover"
    assert shape(read_graph(path)) == shape(read(form(DRAWN)))


@pytest.mark.parametrize("form", [listing, ports])
@pytest.mark.parametrize(
    "line",
    [
        "src/query_smp.c:197; umad (DR path slid 0; dlid 0; 0,1,{} Attr 0xff90:0) bad status 110; timed out",
        "ibwarn: [2191] mad_rpc: _do_madrpc failed; dport (DR path slid 65535; dlid 65535; 0,1,{})",
        "DR path slid 0; dlid 0; 0,1,{}",
    ],
)
def test_any_length_of_warnings_before_and_between_the_records(
    form: Callable[[Cables], str], line: str, tmp_path: Path, read: Read
) -> None:
    path = tmp_path / "slow.txt"
    warnings = "".join(line.format(i % 64) + "\n" for i in range(2_500))
    assert len(warnings) > 65_536  # more than what is read to tell other formats apart
    dump = form(DRAWN).splitlines(keepends=True)
    path.write_text(warnings + "".join(dump[:14]) + line.format(3) + "\n" + "".join(dump[14:]))
    assert shape(read_graph(path)) == shape(read(form(DRAWN)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_a_dump_in_the_encoding_that_a_shell_gave_it(encoding: str, tmp_path: Path, read: Read) -> None:
    path = tmp_path / "redirected.txt"
    mark = "\ufeff" if encoding.endswith("e") else ""
    path.write_bytes((mark + listing(DRAWN).replace("\n", "\r\n")).encode(encoding))
    assert shape(read_graph(path)) == shape(read(listing(DRAWN)))


# --- illegal use


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"net\.topo: the file is empty"),
        ("\n \r\n", r"the file is empty"),
        ('{"nodes": []}\n', r"line 1: not ibnetdiscover output"),
        ("# Topology file: generated\n", r"line 1: the file ends before any node"),
        (listing(DRAWN) + "vendid=0x2c9\n", r"line \d+: the file ends inside this record: it is cut off"),
        (listing(DRAWN) + 'Switch\t65 "S-00', r"the node cannot be read: .*cut off\?"),
        (
            listing(DRAWN)[:-1].removesuffix("4xNDR"),
            r"line 62, column [0-9]+: the link cannot be read: .*the last line: is the file",
        ),
        (listing(DRAWN)[:-2], r"line 62, column [0-9]+: unknown rate '4xND': known are .*the last line"),
        (
            listing(DRAWN) + "hello\n\n#\n[1] x\n",
            r"line 63, column [0-9]+: not a line of ibnetdiscover output: 'hello'$",
        ),
        (listing(DRAWN).split("NDR\n", 1)[0][-60:] + "NDR\n", r"not ibnetdiscover output"),
        (ports(DRAWN)[:-20], r"line 24, column [0-9]+: the port cannot be read: .*cut off\?"),
        ('[1] "S-01"[2] # "S" lid 9 4xNDR\n', r"line 1, column [0-9]+: a link outside the record of a node"),
        ('Ca 1 "H-0a" # "a HCA-1"\n', r"no adapter has a link: there is no endpoint"),
        (listing([("S", 1, "T", 1)]), r"no adapter has a link"),
    ],
)
def test_what_is_no_discovery_is_refused_in_one_line(read: Read, text: str, match: str) -> None:
    with pytest.raises(FileFormatError, match=match) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_a_port_with_two_peers_is_refused(read: Read) -> None:
    text = listing([("a HCA-1", 1, "S", 1), ("b HCA-1", 1, "S", 1)])
    port, first = re.escape(f"port 1 of {guid('S')}"), re.escape(f"port 1 of {guid('a HCA-1')}")
    with pytest.raises(
        FileFormatError, match=rf"line \d+, column \d+: {port} is cabled to port 1 of H-\w+, but to {first}"
    ):
        read(text)


@pytest.mark.parametrize("cut", range(1, 400, 7))
def test_a_file_cut_anywhere_gives_a_graph_or_one_clear_error(read: Read, cut: int) -> None:
    try:
        G = read(listing(DRAWN)[:-cut])
    except FileFormatError as error:
        assert re.search(r"line \d+(, column \d+)?: .*cut off", str(error))
    else:
        assert sum(d["cables"] for *_, d in G.edges(data=True)) <= len(DRAWN)


@pytest.mark.parametrize("name", ["nvlink", "delay"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_illegal_parameters(read: Read, name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=rf"{name}: .*: a finite number, zero or more"):
        read(listing(DRAWN), **{name: value})


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"absent\.topo: cannot be read: No such file"):
        read_ibnetdiscover(tmp_path / "absent.topo")
