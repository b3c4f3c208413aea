"""Meshes: how ranks are dealt over dimensions, the groups of each, and what does not fit."""

import itertools

import numpy as np
import pytest

from fabric.words.errors import ParameterError
from sims.workload.mesh import canonical_mesh, canonical_over, check_groups, group_size, mesh_of


def by_coordinates(sizes: dict[str, int], over: set[str]) -> list[list[int]]:
    """The groups by definition: ranks that differ in ``over`` alone; the first dimension is innermost."""
    found: dict[tuple[int, ...], list[int]] = {}
    names = list(sizes)
    for rank, place in enumerate(itertools.product(*(range(sizes[name]) for name in names[::-1]))):
        at = dict(zip(names[::-1], place))
        found.setdefault(tuple(at[name] for name in names if name not in over), []).append(rank)
    return sorted(found.values())


@pytest.mark.parametrize("over", ["tp", "cp", "pp", "dp", "cp+dp", "dp+tp", "pp+tp+cp"])
def test_groups_are_ranks_that_differ_in_their_dimensions_alone(over: str) -> None:
    mesh = mesh_of("tp=2,cp=3,pp=2,dp=rest", "none", over, 48)
    assert dict(mesh.dimensions) == {"tp": 2, "cp": 3, "pp": 2, "dp": 4}
    assert sorted(mesh.members().tolist()) == by_coordinates(dict(mesh.dimensions), set(over.split("+")))
    assert mesh.count * mesh.size == 48
    assert all(np.all(np.diff(row) > 0) for row in mesh.members())


def test_labels_tell_the_other_dimensions() -> None:
    mesh = mesh_of("tp=2,pp=3,dp=4", "none", "dp", 24)
    for number, ranks in enumerate(mesh.members().tolist()):
        tp, pp = ranks[0] % 2, ranks[0] // 2 % 3
        assert mesh.label(number) == f"tp={tp},pp={pp}"


def test_experts_are_folded_into_the_ranks_of_a_stage() -> None:
    """Megatron's second generator: etp-ep-edp-pp over the same ranks, where pp is outermost."""
    mesh = mesh_of("tp=2,dp=8,pp=2", "ep=4,etp=1", "ep", 32)
    assert dict(mesh.experts) == {"ep": 4, "etp": 1, "edp": 4}
    assert sorted(mesh.members().tolist()) == by_coordinates({"ep": 4, "edp": 4, "pp": 2}, {"ep"})
    across = mesh_of("tp=2,dp=8,pp=2", "ep=4", "edp", 32)
    assert sorted(across.members().tolist()) == by_coordinates({"ep": 4, "edp": 4, "pp": 2}, {"edp"})
    # With stages inside, those of one stage are every other pair of ranks.
    inside = mesh_of("tp=2,pp=2,dp=4", "ep=4", "ep", 16)
    assert inside.members().tolist() == [[0, 1, 4, 5], [8, 9, 12, 13], [2, 3, 6, 7], [10, 11, 14, 15]]
    assert [inside.label(number) for number in range(4)][1] == "edp=1,pp=0"


def test_one_spelling() -> None:
    assert canonical_mesh("groups", " mesh:tp=08, dp=rest,") == "mesh:tp=8,dp=rest"
    assert canonical_mesh("groups", "none") == "none"
    assert canonical_over("dp + cp") == "cp+dp"
    assert group_size("none", "none", "none", 7) == 7
    assert group_size("mesh:tp=8,dp=rest", "none", "dp", 64) == 8


@pytest.mark.parametrize(
    ("groups", "experts", "over", "ranks", "words"),
    [
        ("tp=8,dp=125,pp=100", "none", "dp", 100_352, r"100,000 and not .*--ranks 100000 \(352"),
        ("tp=8,dp=12", "none", "dp", 128, r"nearest .*: tp=8,dp=12 with --ranks 96 .* or tp=8,dp=16"),
        ("tp=8,dp=20", "none", "dp", 128, r"160 and not the 128 ranks; .*: tp=8,dp=16$"),
        ("tp=8,dp=rest", "none", "dp", 1001, r"8 do not divide the 1,001 ranks.* or tp=7,dp=rest"),
        ("tp=4096,dp=rest", "none", "dp", 1024, r"the nearest that do: tp=1024,dp=rest"),
        ("tp=1,dp=rest", "ep=64", "ep", 1000, r"experts: .*ranks of a pipeline stage.*: ep=50,edp=rest"),
        ("tp=8,dp=rest", "none", "cp", 64, r"over: 'cp': no such dimension \(.*legal: tp, dp\)"),
        ("tp=8,dp=rest", "ep=4", "ep+dp", 64, r"do not make one group"),
        ("tp=8,dp=rest", "tp=4", "tp", 64, r"tp is a dimension of groups already"),
        ("tp=1,dp=rest", "none", "tp", 64, r"makes groups of one rank"),
        ("tp=rest,dp=rest", "none", "dp", 64, r"only one dimension can be the rest"),
        ("tp=0,dp=rest", "none", "dp", 64, r"groups: tp: '0': a whole number from 1, or rest"),
        ("tp", "none", "tp", 64, r"key=value is needed"),
        ("", "none", "tp", 64, r"innermost first"),
        ("tp=2,tp=4", "none", "tp", 8, r"given twice"),
        ("TP=2,dp=rest", "none", "dp", 8, r"the name of a dimension"),
    ],
)  # fmt: skip
def test_what_does_not_fit(groups: str, experts: str, over: str, ranks: int, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        mesh_of(groups, experts, over, ranks)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("none", "none", "dp", "none"), "over: 'dp': is said of groups"),
        (("none", "ep=8", "none", "none"), "experts: 'ep=8': is said of groups"),
        (("none", "none", "none", "0"), "drift: '0': is said of groups"),
        (("tp=8,dp=rest", "none", "none", "none"), r"over: not given: .* \(legal: tp, dp\)"),
    ],
)
def test_what_belongs_together(texts: tuple[str, str, str, str], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        check_groups(*texts)
