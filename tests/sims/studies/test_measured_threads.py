"""Machines that came later are in the table by a rule that stood before how far off they are was known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from nccl_choice import choice_of

from sims.studies.measured.machine import NCCL
from sims.studies.measured.machines import machine
from sims.studies.measured.servers import SERVERS
from sims.studies.measured.table import Measured, measured
from sims.workload.collectives import format_algorithm, parse_algorithms

LATER = [one.name for one in SERVERS[6:]]  # the first six had sizes by hand
SIZES = [2**power for power in (10, 16, 20, 24, 28, 30)]
FEWEST = 4  # in a table, of them and of its largest, which is taken whatever it is


def of(system: str) -> list[Measured]:
    return [row for row in measured() if row.system == system]


def spelled(algorithm: str, collective: str) -> str:
    ((name, parameters),) = parse_algorithms(algorithm, collective)
    return format_algorithm(name, parameters, collective)


@pytest.mark.parametrize("system", LATER)
def test_sizes_and_servers_are_those_of_the_rule(system: str) -> None:
    tables: dict[tuple[str, int, str, str], list[int]] = defaultdict(list)
    for row in of(system):
        assert 2 <= row.nodes <= 64
        tables[row.run, row.nodes, row.collective, row.called].append(row.size_bytes)
    for sizes in tables.values():
        assert len(set(sizes)) >= FEWEST
        assert set(sizes) - set(SIZES) <= {max(sizes)}
        assert {sizes.count(size) for size in sizes} <= {1, 2}  # out of place and in place


@pytest.mark.parametrize("system", LATER)
def test_the_algorithm_is_the_one_the_log_names_or_nccls_own_choice(system: str) -> None:
    for row in of(system):
        algorithms = [spelled(name, row.collective) for name in (row.algorithm, choice_of(row))]
        assert algorithms[0] == algorithms[1], row
    own = machine(system)
    assert (own.kind, own.profile, own.profiles) == (NCCL, "ideal", {})  # nothing of a machine's own


def test_a_log_that_names_an_algorithm_leaves_the_protocol_open() -> None:
    auto = next(row for row in of("h100-ib") if row.size_bytes == 2**20 and not row.called)
    assert choice_of(replace(auto, called="ring")) == "ring:protocol=ll128" != choice_of(auto)


def test_the_times_of_a_table_grow_with_its_sizes() -> None:
    """From 16 MiB on more bytes take longer: a figure in a wrong line would not."""
    for system in LATER:
        best: dict[tuple[str, int, str, str], dict[int, float]] = defaultdict(dict)
        for row in of(system):
            times = best[row.run, row.nodes, row.collective, row.called]
            times[row.size_bytes] = min(row.time_s, times.get(row.size_bytes, row.time_s))
        for times in best.values():
            large = [times[size] for size in sorted(times) if size >= 2**24]
            assert large == sorted(large), system
