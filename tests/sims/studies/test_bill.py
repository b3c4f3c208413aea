"""What it takes to build a fabric, against closed forms, and price files that are not as they should be."""

import re

import networkx as nx
import numpy as np
import pytest

from fabric import Fabric
from fabric.words.errors import FileFormatError, ParameterError
from sims.show.words.bom import bill_lines
from sims.studies.bom import SECTIONS, bill
from sims.studies.bom.parts import read_parts, sample_text
from topologies import fat_tree, load

SAMPLE = read_parts("sample")


def of(spec, parts=SAMPLE):
    return bill(load(spec), parts)


def rack(cables, rate=50e9, delay=25e-9, endpoints=1):
    """One switch with ``endpoints`` endpoints, each by ``cables`` cables of ``rate``."""
    G = nx.Graph(name="rack")
    G.add_nodes_from(range(endpoints), kind="gpu", tier=0)
    G.add_node("switch", kind="switch", tier=1)
    G.add_edges_from(((e, "switch") for e in range(endpoints)), rate=rate, delay=delay, cables=cables)
    return Fabric.from_graph(G)


def items(made, section):
    return [item for item in made.items if item.section == section]


@pytest.mark.parametrize("k", [4, 8, 32])
def test_k_ary_tree_in_closed_form(k):
    """Al-Fares et al. 2008: 5k^2/4 switches, k^3/4 hosts, k^3/4 cables at each of three boundaries."""
    made = bill(Fabric.from_graph(fat_tree(k=k)), SAMPLE)
    assert made.endpoints == made.count("NICs") == k**3 // 4
    assert made.count("switches") == 5 * k**2 // 4
    assert [item.count for item in items(made, "cables")] == [k**3 // 4] * 3
    # 5 m to the leaf are copper, 50 m and 100 m optical
    kinds = ["active copper", "multimode optical", "single-mode optical"]
    assert [item.model for item in items(made, "cables")] == kinds
    assert made.count("transceivers") == 2 * 2 * k**3 // 4
    switches = items(made, "switches")
    assert [item.ports_used for item in switches] == [k**3 // 2, k**3 // 2, k**3 // 4]
    ports = 32  # of the smallest model
    assert [item.ports_free for item in switches] == [item.count * (ports - k) for item in switches]
    rate = 4.0  # in units of 100 Gbps
    watts = 400 * 5 * k**2 // 4 + k**3 // 4 * rate * (2 * 1.25 + 2 * 2.0 + 2 * 2.25 + 6.25)
    assert made.watts() == pytest.approx(watts)
    metres = 10 * 5 + 2 * 50 + 1 * 100
    cost = 25_000 * 5 * k**2 / 4 + k**3 / 4 * (rate * (2 * 50 + 2 * 150 + 2 * 200 + 400) + metres)
    assert made.cost() == pytest.approx(cost)


@pytest.mark.parametrize(
    "spec",
    [
        "fat-tree:endpoints=1000,radix=16,oversubscription=3",
        "fat-tree:endpoints=64,radix=16,gpus_per_server=4,rails=true",
        "preset:colossus-100k",
    ],
)
def test_ports_used_are_ends_of_cables(spec):
    fabric = Fabric.from_graph(load(spec))
    made = of(spec)
    access = sum(i.count for i in items(made, "cables") if "endpoint" in i.place)
    between = made.count("cables") - access
    assert sum(i.ports_used for i in items(made, "switches")) == 2 * between + access
    assert made.scaleup == np.sum(fabric.scaleup >= 0)
    assert made.watts() == pytest.approx(sum(made.watts(section) for section in SECTIONS))
    assert made.cost() == pytest.approx(sum(row["cost"] for row in made.rows()))


def test_colossus_takes_switches_of_128_ports():
    made = of("preset:colossus-100k")
    assert [(i.model, i.count) for i in items(made, "switches")] == [
        ("64 x 800G", 1563),
        ("64 x 800G", 1600),
        ("64 x 800G", 1024),
    ]
    assert [i.ports_free for i in items(made, "switches")] == [32, 64 * (64 - 27), 1024 * 28]


def test_the_sample_orders_networks_as_deepseek_does():
    """Insights into DeepSeek-V3, ISCA 2025, Table 3: per endpoint 4.39 k$ in two tiers, 7.5 k$ in three.

    With cables of 5, 50 and 100 m: a compiled fabric has the lengths that its delays say.
    """

    def each(spec):
        made = bill(Fabric.from_graph(load(spec)), SAMPLE)
        return (made.cost() - made.cost("NICs")) / made.endpoints

    two, three = each("fat-tree:endpoints=2048,radix=64,tiers=2"), each("fat-tree:k=64")
    assert two == pytest.approx(4390, rel=0.1)
    assert three == pytest.approx(7500, rel=0.1)
    planes = each("multi-plane:planes=8,endpoints=16384,radix=64,attach=one,gpus_per_server=8")
    assert planes == pytest.approx(4390, rel=0.1)
    # In all 9, 491 and 72 million.
    for cost, endpoints, total in ((two, 2_048, 9e6), (three, 65_536, 491e6), (planes, 16_384, 72e6)):
        assert cost * endpoints == pytest.approx(total, rel=0.1)


@pytest.mark.parametrize(
    ("ports", "rate", "model", "free"),
    [
        (32, 50e9, "32 x 400G", 0),
        (33, 50e9, "64 x 400G", 31),
        (65, 50e9, "64 x 800G", 63),
        (129, 50e9, "128 x 800G", 127),
        (160, 50e9, "128 x 800G", 96),  # no two smaller boxes are one switch of 160 ports
        # 129 ports of 800G: 3 boxes with 64 each, and 2 that join them: 384 x 400G
        (257, 50e9, "chassis of 5 x (128 x 800G)", 384 - 257),
        (385, 50e9, "chassis of 6 x (128 x 800G)", 512 - 385),
        (4096, 100e9, "chassis of 96 x (128 x 800G)", 0),
        (33, 100e9, "64 x 800G", 31),
        (512, 12.5e9, "64 x 800G", 0),
        (129, 12.5e9, "64 x 400G", 127),
        (20, 49e9, "32 x 400G", 12),  # 392 Gbps, which is what is left of 400 behind headers
        (1, 1e12, "no model fits", None),
    ],
)
def test_the_smallest_model_that_fits(ports, rate, model, free):
    (switch,) = items(bill(rack(ports, rate), SAMPLE), "switches")
    assert (switch.model, switch.ports_used, switch.ports_free) == (model, ports, free)


def test_a_switch_of_two_rates():
    """HPN's ToR: 136 ports of 200G down, 60 of 400G up, which is a 51.2T switch to the last port."""
    G = nx.Graph(name="tor")
    G.add_nodes_from(range(136), kind="gpu", tier=0)
    G.add_node("tor", kind="switch", tier=1)
    G.add_node("up", kind="switch", tier=2)
    G.add_edges_from(((e, "tor") for e in range(136)), rate=25e9, delay=10e-9)
    G.add_edge("tor", "up", rate=50e9, delay=100e-9, cables=60)
    leaf, spine = items(bill(Fabric.from_graph(G), SAMPLE), "switches")
    assert (leaf.model, leaf.ports_used, leaf.ports_free) == ("64 x 800G", 196, 0)
    assert leaf.rate == "200 Gbps + 400 Gbps"
    assert (spine.model, spine.ports_free) == ("64 x 400G", 4)


@pytest.mark.parametrize(
    ("metres", "kind", "transceivers"),
    [
        (0, "passive copper", 0),
        (3, "passive copper", 0),
        (3.1, "active copper", 0),
        (5, "active copper", 0),
        (5.1, "multimode optical", 4),
        (51, "single-mode optical", 4),
        (2001, "long-reach optical", 4),
        (10_001, "no kind reaches", 0),
    ],
)
def test_kinds_of_cable_by_length(metres, kind, transceivers):
    made = bill(rack(2, delay=metres * 5e-9), SAMPLE)
    (cable,) = items(made, "cables")
    assert (cable.model, cable.count, made.count("transceivers")) == (kind, 2, transceivers)
    assert (made.watts() is None) == (kind == "no kind reaches")


def test_a_nic_of_several_cables_counts_once():
    made = bill(rack(8, 12.5e9, endpoints=3), SAMPLE)
    (nic,) = items(made, "NICs")
    assert (nic.count, nic.rate) == (3, "800 Gbps")


def test_a_fabric_of_servers_alone():
    G = nx.Graph(name="pair")
    G.add_nodes_from([0, 1], kind="gpu", tier=0, server=0)
    G.add_node(2, kind="nvswitch", tier=1)
    G.add_edges_from([(0, 2), (1, 2)], rate=450e9, delay=5e-9)
    made = bill(Fabric.from_graph(G))
    assert (made.items, made.scaleup, made.watts()) == ((), 2, 0.0)
    assert any("part of the servers" in line for line in bill_lines([made], read_parts()))


def test_no_prices_unless_asked_for(tmp_path):
    made = of("fat-tree:k=4", read_parts())
    assert made.cost() is None
    assert made.watts() > 0
    assert {row["cost"] for row in made.rows()} == {row["currency"] for row in made.rows()} == {None}
    assert not any("cost" in line for line in bill_lines([made], read_parts()))


def test_bills_side_by_side():
    bills = [of("fat-tree:k=4"), of("fat-tree:endpoints=16,radix=8,tiers=2")]
    lines = list(bill_lines(bills, SAMPLE))
    assert lines[:2] == ["[A] fat-tree:k=4", "[B] fat-tree:endpoints=16,radix=8,tiers=2"]
    assert next(line for line in lines if line.startswith("switches")).split() == ["switches", "20", "6"]
    core = next(line for line in lines if line.startswith("  core: 32 x 400G"))
    assert core.split()[-2:] == ["4", "-"]
    assert next(line for line in lines if line.startswith("cables")).split() == ["cables", "48", "32"]
    assert any("not a quotation" in line for line in lines)


def test_what_is_not_priced_is_named(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('currency = "EUR"\n[switch."32 x 400G"]\nprice = 1000\n', encoding="utf-8")
    parts = read_parts(own)
    made = of("fat-tree:k=4,delay=25ns", parts)
    assert (made.cost("switches"), made.cost("cables"), made.cost()) == (20_000, None, None)
    text = "\n".join(bill_lines([made], parts))
    assert "cost (EUR)" in text
    assert "# no price given for: active copper (cables)" in text
    assert "figures of own.toml; what it leaves out: assumption" in text


def test_own_figures_replace_and_add(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'currency = "EUR"\nsource = "our quotation"\nas_of = "2025-05-05"\n'
        '[switch."48 x 400G"]\nports = 48\nrate = "400Gbps"\nsplit = 1\nwatts = 500\nprice = 1\n'
        '[cable."active copper"]\nlongest_m = 4\n[nic]\nwatts_per_100G = 5\n',
        encoding="utf-8",
    )
    made = bill(rack(48), read_parts(own))
    assert items(made, "switches")[0].model == "48 x 400G"
    assert items(made, "cables")[0].model == "multimode optical"  # 5 m are now too long for copper
    assert items(made, "NICs")[0].watts == pytest.approx(48 * 4 * 5)
    assert made.source.startswith("our quotation")


def test_the_sample_is_a_price_file(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(sample_text(), encoding="utf-8")
    assert of("fat-tree:k=4", read_parts(own)).cost() == of("fat-tree:k=4").cost()
    assert sample_text().count("ASSUMPTION") == 1


@pytest.mark.parametrize(
    ("text", "where", "rule"),
    [
        ("x = [", "", "is not TOML"),
        ("switches = 1", "switches", "unknown key (legal: as_of, currency"),
        ("nic = 1", "nic", "1: a table, such as [nic]"),
        ("[switch]\nports = 3", "switch.ports", "3: a table of ports, rate"),
        ('[switch."32 x 400G"]\nprize = 3', "switch.32 x 400G.prize", "unknown key"),
        ('[switch."32 x 400G"]\nprice = -3', "switch.32 x 400G.price", "-3: a finite number, zero or more"),
        ('[switch."32 x 400G"]\nprice = nan', "switch.32 x 400G.price", "nan is not a finite number"),
        ('[switch."32 x 400G"]\nprice = true', "switch.32 x 400G.price", "True: a finite number"),
        ('[switch."32 x 400G"]\nprice = "3"', "switch.32 x 400G.price", "'3': a finite number"),
        ('[switch."32 x 400G"]\nports = 0', "switch.32 x 400G.ports", "0: a whole number, at least 1"),
        ('[switch."32 x 400G"]\nrate = "400"', "switch.32 x 400G.rate", "'400': a unit is needed"),
        ('[switch.mine]\nports = 4\nrate = "1Gbps"', "switch.mine.split", "missing"),
        (
            '[cable."passive copper"]\nlongest_m = 0',
            "cable.passive copper.longest_m",
            "0: a number of metres above",
        ),
        ('[cable."passive copper"]\nlongest_m = {}', "cable.passive copper.longest_m", "{}: a number of"),
        (
            '[cable."passive copper"]\nlongest_m = { 400 = 3 }',
            "cable.passive copper.longest_m.400",
            "'400': a number of metres above zero, or a table of them by rate",
        ),
        ("[floor]\nrack_width_m = 0", "floor.rack_width_m", "0: a finite number above zero"),
        ("[floor]\nleaf_racks = -1", "floor.leaf_racks", "-1: a whole number, 0 or more"),
        ("[floor]\nslack = nan", "floor.slack", "nan is not a finite number"),
        ("[floor]\nrows = 3", "floor.rows", "unknown key (legal: endpoints_per_rack"),
        ("floor = 3", "floor", "3: a table, such as [floor]"),
        (
            '[cable."passive copper"]\ntransceivers = 1',
            "cable.passive copper.transceivers",
            "1: true or false",
        ),
        ("[nic]\nprice_per_100G = 1", "currency", "missing"),
        ("currency = 1", "currency", "1: a text"),
    ],
)
def test_price_files_that_are_wrong(tmp_path, text, where, rule):
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError) as caught:
        read_parts(own)
    said = re.fullmatch(r"(.*?)(?:, )?(line \d+, column \d+)?", caught.value.where)
    assert said and (caught.value.path, said[1]) == (str(own), where)
    assert said[2] or caught.value.problem.startswith("missing: what the prices are in")
    assert rule in caught.value.problem
    assert "\n" not in str(caught.value)


def test_price_files_that_are_not_there(tmp_path):
    with pytest.raises(
        ParameterError, match=r"prices: 'none\.toml': no such file; sample names the shipped one"
    ):
        read_parts("none.toml")
    with pytest.raises(ParameterError, match="a folder: the path of a file is needed"):
        read_parts(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# \xff")
    with pytest.raises(FileFormatError, match="byte 3 is not UTF-8"):
        read_parts(tmp_path / "latin.toml")
