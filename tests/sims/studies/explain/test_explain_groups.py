"""Explanations of many groups name the slowest, and the link of its own that is busy longest."""

from __future__ import annotations

import pytest

from fabric import Fabric
from sims.jobs.collective import CollectiveJob
from sims.show.words.explain import explanation_lines
from sims.studies.explain.explainer import Explainer
from topologies import load

ONE_UPLINK = "leaf-spine:leaves=2,spines=1,endpoints_per_leaf=8,rate=400Gbps,delay=0s"


def explainer(text: str, groups: str, **settings: str) -> Explainer:
    fabric = Fabric.from_graph(load(text))
    settings = {"latency_profile": "ideal", "over": "dp", **settings}
    return Explainer(CollectiveJob(fabric, topology=text, digest="", groups=groups, **settings))


@pytest.mark.parametrize("drift", ["none", "0"])
def test_all_rings_meet_on_the_one_uplink(drift: str) -> None:
    """Four rings of stride four cross from leaf to leaf once each way: 4 flows of 4 groups on one cable."""
    one = explainer(ONE_UPLINK, "tp=4,dp=4", drift=drift)
    row = one.job.row("ring", 2**30)
    found = one.explain(row)
    group = found.group
    note = "" if drift == "none" else "the full links are those of the groups in step"
    assert group is not None and found.note == note
    assert (group.label, group.ranks.tolist()) == ("tp=0", [0, 4, 8, 12])
    assert (group.flows, group.groups, group.phases) == (4, 4, (1,))
    assert "leaf" in group.link and "spine" in group.link
    assert group.busy == pytest.approx(4 * 2 * 3 / 4 * 2**30 / 50e9) == group.seconds == 4 * group.alone
    gains = found.gains
    # A doubled uplink carries 2 of the 4 at their rate; its bytes take half the time.
    assert gains["2x leaf - spine"] == pytest.approx(row.time_s / 2)
    words = "\n".join(explanation_lines("ring", found))
    assert "the slowest group is tp=0 (ranks 0, 4, 8, 12): 128.8 ms, 32.21 ms alone" in words
    assert "busy for 128.8 ms with 4 flows at a time, of 4 groups" in words


def test_flows_that_share_links_by_the_bundle_are_counted() -> None:
    """Split evenly, every flow of a group that leaves its leaf crosses every uplink of it."""
    text = "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4,rate=400Gbps,delay=0s"
    one = explainer(text, "tp=4,dp=4", routing="spray")
    group = one.explain(one.job.row("halving-doubling", 2**30)).group
    assert group is not None and (group.groups, group.flows) == (4, 4)
    assert group.phases == (1, 2, 3, 4)


def test_one_group_has_no_group_to_tell() -> None:
    one = explainer(ONE_UPLINK, "tp=4,dp=4", over="tp+dp")
    assert one.explain(one.job.row("ring", 2**20)).group is None
