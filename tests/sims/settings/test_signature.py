"""What editors and people see of a function that takes settings, and what a wrong one is told."""

import inspect

import pytest

import sims
from fabric.words.errors import ParameterError
from sims.jobs.collective import CollectiveJob
from sims.settings.setup import Setup
from sims.settings.signature import OF_JOBS
from topologies import fat_tree


@pytest.mark.parametrize("function", [sims.all_reduce, sims.AllReduce, CollectiveJob])
def test_every_setting_of_a_job_is_shown_with_its_default(function):
    shown = inspect.signature(function).parameters
    assert not [one for one in shown.values() if one.kind is inspect.Parameter.VAR_KEYWORD]
    assert {"routing", "ranks", "seed", "fail"} <= set(OF_JOBS) <= set(shown)
    usual = Setup()
    for name in OF_JOBS:
        assert getattr(usual, name) == shown[name].default


def test_a_setting_that_is_not_there_is_one_line_with_the_nearest():
    with pytest.raises(ParameterError, match=r"setting: 'routin': unknown .did you mean 'routing'\?"):
        sims.all_reduce(fat_tree(k=4), routin="ecmp")
    with pytest.raises(ParameterError, match="setting: 'topology': unknown"):
        Setup(topology="star")
