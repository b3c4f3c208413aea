"""The ladder of fidelity: that it agrees, and that it can say no."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from fabric.words.errors import ParameterError
from sims.cli import main as cli
from sims.models.fluid import flows, network
from sims.models.fluid.program import Program
from sims.models.packet import control, hop_by_hop, settings
from sims.models.profiles import PROFILES
from sims.scenario.files import read_records
from sims.show.figures.agreement import agreement_figure, plot_agreement, plot_deviation
from sims.show.report.ladder import ladder_page
from sims.show.words.validate import case_lines, records, summary
from sims.studies.validation import (
    closed_forms,
    fluid,
    fluid_bound,
    packet_apart,
    packet_exact,
    packet_fluid,
    published,
    suite,
)
from sims.studies.validation.case import Case, Point, Rule
from sims.studies.validation.suite import LADDER, Group, Maker, cases

# What is shown without a verdict cannot fail, and takes as long as the rest.
SHOWN = (packet_fluid.flow_by_flow, packet_fluid.collectives_with_collisions)
MAKERS = [
    maker
    for group in LADDER
    for maker in group.chosen(False)
    if not (isinstance(maker, partial) and "none" in maker.args)
    and getattr(maker, "func", maker) not in SHOWN
]


def named(maker: Maker) -> str:
    if isinstance(maker, partial):
        return f"{maker.func.__name__}-{'-'.join(map(str, maker.args))}"
    return getattr(maker, "__name__", "")


@pytest.mark.parametrize("maker", MAKERS, ids=named)
def test_every_quick_case_agrees(maker: Maker) -> None:
    case = maker(False)
    assert case.verdict != "FAIL", f"{case.name}: {case.worst} is off by {case.error}"


# --- what a case is ----------------------------------------------------------------------------------------


def made(rule: Rule, tolerance: float, *pairs: tuple[float, float]) -> Case:
    points = tuple(Point(label=f"p{i}", expected=e, got=g) for i, (e, g) in enumerate(pairs))
    texts = {"name": "a name", "tested": "this", "against": "that", "unit": "s", "basis": "because"}
    return Case(points=points, rule=rule, tolerance=tolerance, **texts)


@pytest.mark.parametrize(
    ("rule", "tolerance", "got", "verdict", "error"),
    [
        ("equal", 0.1, 2.19, "ok", 0.095),
        ("equal", 0.1, 1.79, "FAIL", 0.105),
        ("at most", 0.1, 0.1, "ok", 0.0),
        ("at most", 0.1, 2.21, "FAIL", 0.105),
        ("within a factor", 2.0, 3.9, "ok", 1.95),
        ("within a factor", 2.0, 0.9, "FAIL", 2 / 0.9),
        ("shown", 0.0, 9.0, "shown", 3.5),
    ],
)
def test_rules(rule: Rule, tolerance: float, got: float, verdict: str, error: float) -> None:
    case = made(rule, tolerance, (1.0, 1.0), (2.0, got))
    assert case.verdict == verdict
    assert case.error == pytest.approx(error)
    if rule != "at most" or got > 2:
        assert case.worst.label == "p1"


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_point_has_numbers_above_zero(value: float) -> None:
    with pytest.raises(ParameterError, match=r"p: got: .*: a finite number above zero"):
        Point(label="p", expected=1.0, got=value)


def test_a_case_has_points_a_rule_and_a_tolerance() -> None:
    with pytest.raises(ParameterError, match="a case compares one point at least"):
        made("equal", 0.1)
    with pytest.raises(ParameterError, match=r"rule: 'near': unknown rule \(legal: equal"):
        made("near", 0.1, (1, 1))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"tolerance: 0.5: finite, at least 1"):
        made("within a factor", 0.5, (1, 1))


# --- that the ladder can say no ----------------------------------------------------------------------------


def test_a_fluid_model_with_wrong_shares_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = network.fair_rates
    monkeypatch.setattr(network, "fair_rates", lambda *a, **k: right(*a, **k) * (1 + 1e-6))
    failing = [maker(False) for maker in (fluid.incast, fluid.parking_lot, partial(fluid.flat, "ring"))]
    assert [case.verdict for case in failing] == ["FAIL"] * 3


def test_a_network_that_forgets_who_left_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    # Rates found once and never again: what a flow leaves behind is handed to nobody.
    monkeypatch.setattr(
        network.FluidNetwork,
        "_plan",
        partial_plan := (
            lambda self, now: self._at(
                float(np.max(self._left / self._rate)), partial(self._wake, self._epoch)
            )
        ),
    )
    assert partial_plan is network.FluidNetwork._plan
    assert fluid.parking_lot(False).verdict == "FAIL"
    assert fluid.incast(False).verdict == "ok"  # equal flows need no second look


def test_latencies_that_are_not_waited_for_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "transfer_latency", lambda paths, *_: np.zeros(len(paths)))
    assert fluid.permutation(False).verdict == "FAIL"


def test_a_bound_that_is_none_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Program.byte_times
    monkeypatch.setattr(fluid_bound, "bound_time", lambda program, size: right(program, size)[:, 0].sum())
    assert fluid_bound.rounds(False).verdict == "FAIL"
    assert fluid_bound.lockstep(False).verdict == "FAIL"


def test_a_wrong_constant_of_nccl_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    published._program.cache_clear()
    wrong = replace(PROFILES["nccl-tree-ll"], net_step=5.1e-6)
    monkeypatch.setitem(PROFILES, "nccl-tree-ll", wrong)
    assert published.nccl_tree("ll", False).verdict == "FAIL"
    published._program.cache_clear()


def test_headers_of_another_size_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = settings.PacketSettings
    monkeypatch.setattr(packet_exact, "PacketSettings", partial(plain, header=40))
    assert packet_exact.goodput(False).verdict == "FAIL"


def test_packets_that_skip_a_switch_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = replace(packet_exact._ROCE, switch_latency=0.4e-6)
    monkeypatch.setattr(packet_exact, "_ROCE", quick)
    expected = packet_exact.single_flow(False)
    monkeypatch.undo()
    slow = packet_exact.single_flow(False)
    crossed = [
        replace(point, got=other.got) for point, other in zip(expected.points, slow.points, strict=True)
    ]
    assert expected.verdict == slow.verdict == "ok"
    assert replace(expected, points=tuple(crossed)).verdict == "FAIL"


def test_a_control_that_holds_everyone_back_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    packet_fluid.ends.cache_clear()

    def timid(self: control.Window, use: float) -> None:
        self.flying -= 1
        self.size = self.pace = max(1.0, self.most / 3)

    monkeypatch.setattr(control.Window, "acknowledged", timid)
    monkeypatch.setattr(packet_fluid, "_LONG", 2e6)
    assert packet_fluid.mean_ends("window", False).verdict == "FAIL"
    packet_fluid.ends.cache_clear()


def test_turns_that_are_not_taken_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    packet_fluid.ends.cache_clear()
    # Whoever came last is first, and is last again as soon as it has sent.
    monkeypatch.setattr(hop_by_hop.HopByHop, "_next", lambda self, lanes: lanes.pop())
    assert packet_apart.flow_by_flow(False).verdict == "FAIL"
    assert packet_apart.mean_ends(False).verdict == "FAIL"
    packet_fluid.ends.cache_clear()


def test_barriers_where_there_are_none_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_fluid, "times", lambda *_, **__: (1.0, 1.01))
    assert packet_fluid.collectives_alone(False).verdict == "FAIL"
    monkeypatch.setattr(packet_fluid, "times", lambda *_, **__: (1.0, 0.89))  # at full load while they fill
    assert packet_fluid.trees(False).verdict == "FAIL"


# --- what is shown -----------------------------------------------------------------------------------------

RIGHT, WRONG = made("equal", 0.1, (1.0, 1.05), (3.0, 3.0)), made("equal", 0.1, (1.0, 1.05), (3.0, 4.0))
GROUP = Group(title="Group <one>", shows="Something.", makers=(lambda full: RIGHT, lambda full: WRONG))


def test_words_name_the_worst_point_and_the_reason() -> None:
    text = " ".join(" ".join(case_lines(WRONG)).split())
    assert text.startswith("FAIL a name 3 s 4 s 33.33% 10.00% this, against that. 2 points, the worst: p1.")
    assert "Tolerance: because." in text
    found = [(GROUP, RIGHT), (GROUP, WRONG)]
    assert summary(found) == "2 cases with 4 points: 1 agree, 1 FAILED: a name"
    assert [record["verdict"] for record in records(found)] == ["ok", "ok", "FAIL", "FAIL"]


@pytest.mark.parametrize("case", [RIGHT, WRONG, made("within a factor", 2, (1, 3)), made("shown", 0, (1, 3))])
def test_a_point_outside_its_tolerance_is_a_cross(case: Case) -> None:
    for plot in (plot_agreement, plot_deviation):
        ax = Figure().subplots()
        plot(ax, case)
        marks = {line.get_marker(): line for line in ax.get_lines()}
        outside = [p for p in case.points if not case.holds(p)]
        assert len(marks["X"].get_xdata()) == len(outside)
        assert len(marks["o"].get_xdata()) == len(case.points) - len(outside)
    words = agreement_figure(case).get_suptitle()
    assert ("DOES NOT AGREE" in words) == (case.verdict == "FAIL")


def test_the_page_stands_alone_and_says_what_failed() -> None:
    found = list(cases(False, (GROUP,)))
    text = ladder_page(found, version="1.2", mode="quick")
    assert text == ladder_page(found, version="1.2", mode="quick")
    assert "1 FAILED: a name" in text and "Group &lt;one&gt;" in text
    assert not re.search(r"<script|<img|src=|@import|url\(http", text)
    assert text.count("<svg") == 2


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A ladder of two cases of which one fails, and an empty folder."""
    monkeypatch.setattr(suite, "LADDER", (GROUP,))
    monkeypatch.setattr(suite, "cases", partial(cases, ladder=(GROUP,)))
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fabricsim", "validate", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_the_command_ends_with_1_if_a_case_fails_and_still_writes(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--quick", "-o", "a.html", "--out", "a.csv") == 1
    out, err = capsys.readouterr()
    assert "1 FAILED: a name" in out and err == "wrote a.csv\nwrote a.html\n"
    assert "1 FAILED" in (small / "a.html").read_text(encoding="utf-8")
    assert len(read_records(small / "a.csv")) == 4
    monkeypatch.setattr(suite, "cases", partial(cases, ladder=(replace(GROUP, makers=GROUP.makers[:1]),)))
    assert run(monkeypatch) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--quick", "--full"), "validate: '--quick --full': one of --quick, --full, --measured at a time"),
        (("-o", "a.pdf"), "legal: .csv, .json, .jsonl, .parquet, .html"),
        (("--out", "a.txt"), "legal: .csv"),
    ],
)
def test_bad_input_ends_before_anything_runs(
    words: tuple[str, ...],
    message: str,
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *words) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1
    assert not list(small.iterdir())


def test_closed_forms_at_values_seen_by_eye() -> None:
    assert closed_forms.ring(2, 8.0, 1.0, 1.0) == 2 * (1 + 4)
    assert closed_forms.recursive_doubling(8, 8.0, 1.0, 1.0) == 3 * 9
    assert closed_forms.recursive_doubling(9, 8.0, 1.0, 1.0) == 5 * 9
    assert closed_forms.halving_doubling(4, 8.0, 1.0, 1.0) == 4 + 2 * (4 + 2)
    assert closed_forms.ring_over([1.0, 2.0, 3.0], 3.0, 1.0) == 3 + 2 + 1 + 3 + 4
