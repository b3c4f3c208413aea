"""What belongs together in a drawing: a frame a plane or pod, a disc a group, a colour a rail."""

import numpy as np
import pytest
from matplotlib.patches import Circle

from fabric.measures.groups import of_endpoints
from sims.show.drawing import topology_figure
from sims.show.drawing.frames import rails_of
from topologies.named import named


def words(text: str) -> list[str]:
    figure = topology_figure(named(text).fabric())
    return [one.get_text() for ax in figure.axes for one in ax.texts]


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ("multi-plane:planes=4,endpoints=128,radix=32", "plane", 4),
        ("fat-tree:k=4", "pod", 4),
        ("dragonfly:p=2", "group", 9),
        ("leaf-spine:leaves=4,spines=2,endpoints_per_leaf=2", "pod", 0),
        ("torus:dims=4/4", "group", 0),
    ],
)
def test_each_has_its_name_once(text: str, name: str, count: int) -> None:
    assert [one for one in words(text) if one.startswith(f"{name} ")] == [f"{name} {i}" for i in range(count)]


def test_a_disc_holds_the_switches_of_its_group_and_no_other() -> None:
    ax = topology_figure(named("dragonfly:p=2").fabric()).axes[0]
    discs = [patch for patch in ax.patches if isinstance(patch, Circle)]
    (dots,) = [one for one in ax.collections if len(one.get_offsets()) == 36]
    inside = [
        np.flatnonzero(np.linalg.norm(dots.get_offsets() - disc.center, axis=1) < disc.radius).tolist()
        for disc in discs
    ]
    assert inside == [list(range(4 * i, 4 * i + 4)) for i in range(9)]


def test_rails_are_leaves_that_have_one_endpoint_of_every_server() -> None:
    fabric = named("rail-optimized:servers=16,radix=16").fabric()
    rail = rails_of(fabric, of_endpoints(fabric))
    leaf = fabric.arc_dst[fabric.arc_up[: fabric.n_endpoints]] - fabric.n_endpoints
    assert (rail[leaf] == np.arange(fabric.n_endpoints) % 8).all()
    assert sorted(set(rail.tolist())) == [-1, *range(8)]
    assert words("rail-optimized:servers=16,radix=16").count("rail 3") == 2


@pytest.mark.parametrize("text", ["fat-tree:k=4", "fat-tree:k=4,gpus_per_server=2"])
def test_leaves_with_several_endpoints_of_a_server_are_no_rails(text: str) -> None:
    fabric = named(text).fabric()
    assert (rails_of(fabric, of_endpoints(fabric)) == -1).all()
