"""The real OpenSM as judge, where it is installed: D-Mod-K loads links as its ftree does."""

from __future__ import annotations

import os

import numpy as np
import pytest

from fabric import Dmodk, Fabric, Static, route
from fabric.words.errors import FabricsimError, ParameterError
from sims.studies.opensm import ENGINES, all_routes, have_opensm, opensm_tables, write_tables
from sims.studies.opensm.subnet_manager import managed
from topologies import load, star

needs_opensm = pytest.mark.skipif(not have_opensm(), reason="ibsim and OpenSM are not installed")


def routes_by(text: str, engine: str, folder) -> tuple[Fabric, Static]:
    G = load(text)
    write_tables(opensm_tables(G, engine, seconds=240), folder / "t.csv")
    return Fabric.from_graph(G), Static(file=str(folder / "t.csv"), unrouted="refuse")


@needs_opensm
@pytest.mark.parametrize("k", [4, 8, 16])
def test_dmodk_loads_links_as_ftree_does(k, tmp_path):
    """Of n endpoints each has n - 1 routes; n - k/2 of them leave the leaf, n - (k/2)^2 the pod, evenly."""
    fabric, static = routes_by(f"fat-tree:k={k}", "ftree", tmp_path)
    n = k**3 // 4
    even = {"endpoint": n - 1, "leaf -> spine": n - k // 2, "core": n - k * k // 4}
    for found in (all_routes(fabric, static), all_routes(fabric, Dmodk())):
        most = {one.kind: one.links for one in found}
        assert most["endpoint -> leaf"] == {even["endpoint"]: n}
        assert most["leaf -> spine"] == most["spine -> leaf"] == {even["leaf -> spine"]: n}
        assert most["spine -> core"] == most["core -> spine"] == {even["core"]: n}


@needs_opensm
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "text", ["fat-tree:k=4,gpus_per_server=4", "leaf-spine:leaves=4,spines=2,endpoints_per_leaf=4"]
)
def test_every_pair_reaches_its_destination(engine, text, tmp_path):
    fabric, static = routes_by(text, engine, tmp_path)
    n = fabric.n_endpoints
    src, dst = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    src, dst = src[src != dst], dst[src != dst]
    paths = route(fabric, src, dst, static)
    assert np.array_equal(fabric.link_dst[paths.link[paths.ptr[1:] - 1]], dst)


@needs_opensm
def test_a_graph_without_tiers_and_parallel_cables(tmp_path):
    fabric, static = routes_by("torus:dims=2/3", "minhop", tmp_path)
    assert not fabric.tiered
    found = {
        one.kind: sum(routes * links for routes, links in one.links.items())
        for one in all_routes(fabric, static)
    }
    shortest = {
        one.kind: sum(routes * links for routes, links in one.links.items())
        for one in all_routes(fabric, Dmodk())
    }
    assert found == shortest


@needs_opensm
def test_a_fall_back_and_what_one_subnet_does_not_hold_are_refused():
    with pytest.raises(FabricsimError, match="ftree: does not fit this network: OpenSM fell back to"):
        opensm_tables(load("torus:dims=3/3"), "ftree")
    with pytest.raises(FabricsimError, match="OpenSM reached 6 of 12 switches: planes and islands"):
        opensm_tables(load("multi-plane:planes=2,endpoints=16,radix=8"), "minhop")


def test_an_unknown_engine_and_missing_programs_are_told(monkeypatch, tmp_path):
    with pytest.raises(
        ParameterError, match=r"engine: 'fattree': a routing engine of OpenSM \(did you mean 'ftree'"
    ):
        opensm_tables(star(endpoints=3), "fattree")
    monkeypatch.setattr("sims.studies.opensm.subnet_manager._PATH", os.devnull)
    with (
        pytest.raises(
            FabricsimError, match=r"ibsim, opensm.* not found: on Debian: apt-get install ibsim-utils"
        ),
        managed(tmp_path / "x", "H-0", "ftree", 1.0),
    ):
        pass


def test_too_many_pairs_are_not_counted():
    with pytest.raises(ParameterError, match="4,004,001 pairs: at most 4,000,000 are counted"):
        all_routes(Fabric.from_graph(star(endpoints=2001)), Dmodk())
