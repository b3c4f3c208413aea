"""Names are the same in any case, counts take k and M: one meaning has one spelling, and so one key."""

import pytest

from sims.scenario.scenario import Scenario
from sims.settings.table import spelled

SAME = {
    "topology": [
        ("Fat-Tree:k=8", "fat-tree:k=8"),
        ("PRESET:Memphis", "preset:colossus-100k"),
        ("preset:stargate", "preset:multiplane-131k"),
        ("fat-tree:endpoints=100k,radix=128", "fat-tree:endpoints=100000,radix=128"),
        ("xgft:m=4/1k,w=1/2", "xgft:m=4/1000,w=1/2"),
    ],
    "algorithm": [("Ring:channels=4", "ring:channels=4"), ("AUTO", "auto")],
    "routing": [("ECMP:qps=4", "ecmp:qps=4"), ("Spray", "spray")],
    "placement": [("Random", "random"), ("Strided-Servers:4", "strided:4")],
    "engine": [("Packet", "packet"), ("FLOW", "flow")],
    "latency_profile": [("IB-NDR:switch_latency=1us", "ib-ndr:switch_latency=1us")],
    "faults": [("HPN", "hpn"), ("None", "none")],
    "ranks": [("1k", "1000"), ("ALL", "all"), ("0.5M", "500000")],
    "seed": [("2k", "2000")],
}


@pytest.mark.parametrize(
    ("name", "text", "same"), [(name, text, same) for name, pairs in SAME.items() for text, same in pairs]
)
def test_one_meaning_has_one_spelling(name, text, same):
    assert spelled(name, text) == spelled(name, same) == spelled(name, spelled(name, text))


def test_one_meaning_has_one_key(monkeypatch):
    from sims.jobs.collective import CollectiveJob
    from topologies.named import named

    def key(topology, algorithm, **settings):
        tree = named(topology)
        job = CollectiveJob(tree.fabric(), topology=tree.text, digest=tree.digest, **settings)
        scenario: Scenario = job.scenario(spelled("algorithm", algorithm), 1024)
        return scenario.key

    usual = key(
        "fat-tree:k=4",
        "ring",
        routing="ecmp:qps=2",
        placement="random",
        latency_profile="ib-ndr",
        engine="flow",
    )
    assert usual == key(
        "FAT-TREE:k=4",
        "Ring",
        routing="ECMP:qps=2",
        placement="Random",
        latency_profile="IB-NDR",
        engine="Flow",
    )


def test_a_file_keeps_its_letters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "STAR").write_text("x")
    (tmp_path / "Ranks.txt").write_text("0\n1\n")
    assert spelled("topology", "STAR") == "STAR"
    assert spelled("placement", "Ranks.txt") == "Ranks.txt"
