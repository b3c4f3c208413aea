"""``fabricsim plot`` and ``report`` as a stranger runs them: files made, and mistakes told in one line."""

import json
import re
from pathlib import Path

import pytest
from browser import check, in_a_browser
from figure_rows import over_designs, over_scale, over_seeds

from sims.cli.main import main
from sims.scenario.files import write_records
from sims.scenario.row import Failure
from sims.scenario.rows import ROWS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_records("seeds.csv", [row.to_dict() for row in over_seeds()])
    write_records("scale.json", [row.to_dict() for row in over_scale()])
    write_records("designs.jsonl", [row.to_dict() for row in over_designs()])
    (tmp_path / "out").mkdir()
    write_records(tmp_path / "out" / ROWS, [row.to_dict() for row in over_seeds()])
    (tmp_path / "out" / "sweep.toml").write_text('title = "Six seeds"\n')
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["fabricsim", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        done = capsys.readouterr()
        assert done.out == "", "figures and pages go into files"
        return int(ended.value.code or 0), done.err

    return run


@pytest.mark.parametrize(
    "words",
    [
        "seeds.csv",
        "out",
        "scale.json --x size_bytes --y busbw_GBps --color algorithm --facet endpoints",
        "seeds.csv --figure busbw",
        "seeds.csv --figure time --width 5 --height 3",
        "scale.json --figure scaling --where size=='1GiB'",
        "scale.json --figure heatmap --where algorithm=='tree' --color contention",
        "seeds.csv --figure cdf --where size=='1GiB' --title Mine",
        "designs.jsonl --figure pareto --prices sample --color routing",
        "designs.jsonl --x cost --y busbw --prices sample --color routing",
        "scale.json --figure crossover",
        "seeds.csv designs.jsonl --figure utilisation --facet topology --where algorithm=='ring'",
    ],
)  # fmt: skip
def test_figures_are_made(words: str, run, folder: Path) -> None:
    status, said = run("plot", *words.split(), "-o", "a.svg")
    assert (status, said) == (0, "wrote a.svg\n")
    assert (folder / "a.svg").read_text().startswith("<?xml")


def test_overlay(run, folder: Path) -> None:
    (folder / "nccl.log").write_text(
        "# nThread 1 nGpus 54 minBytes 8 maxBytes 8 step: 2(factor)\n"
        + "".join(f"#   Rank {i:2} Pid 1 on a device {i % 8}\n" for i in range(54))
        + "#  size  count  type  redop  time  algbw  busbw  error  time  algbw  busbw  error\n"
        "1048576 262144 float sum 100.0 10.49 20.58 0e+00 100.0 10.49 20.58 0e+00\n"
    )
    status, said = run("plot", "seeds.csv", "--overlay", "nccl.log", "-o", "a.svg")
    assert status == 0
    assert said.splitlines() == [
        "nccl.log: the log names no tool; its columns and busbw are those of all_reduce_perf",
        "wrote a.svg",
    ]
    assert ">measured<" in (folder / "a.svg").read_text()


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("none.csv -o a.svg", "none.csv: no such file or folder"),
        ("out/sweep.toml -o a.svg", "the ending of the file tells its format"),
        (". -o a.svg", "not the output of a sweep"),
        ("seeds.csv -o a.gif", r"--out: 'a.gif'.*\.svg, \.png, \.pdf"),
        ("seeds.csv -o no/a.svg", "the folder no does not exist"),
        ("seeds.csv --figure bubble -o a.svg", "figure: 'bubble': no such figure .*legal: lines, busbw"),
        ("seeds.csv --x size --y bus -o a.svg", "column: 'bus': no such column"),
        ("seeds.csv --figure pareto -o a.svg", "pareto needs the cost of each topology"),
        ("seeds.csv --figure pareto --prices p.toml -o a.svg", "prices: 'p.toml': no such file"),
        ("seeds.csv --where seed=1 -o a.svg", "where: 'seed=1': at position"),
        ("seeds.csv --where seed==9 -o a.svg", "holds for none of 60 rows"),
        ("seeds.csv --overlay none.log -o a.svg", "none.log: cannot be read"),
        ("seeds.csv --width wide -o a.svg", "--width.*number"),
    ],
)
def test_mistakes_cost_one_line_and_no_file(words: str, rule: str, run, folder: Path) -> None:
    status, said = run("plot", *words.split())
    assert status == 2 and said.startswith("fabricsim: error: ") and said.count("\n") == 1
    assert re.search(rule, said), said
    assert not list(folder.glob("a.*"))


def test_the_report_of_a_sweep(run, folder: Path) -> None:
    assert run("report", "out", "-o", "r.html") == (0, "wrote r.html\n")
    text = (folder / "r.html").read_text()
    assert "<h1>Six seeds</h1>" in text and "fabricsim sweep sweep.toml" in text
    assert run("report", "out", "-o", "s.html", "--where", "seed==1", "--title", "One") == (
        0,
        "wrote s.html\n",
    )
    text = (folder / "s.html").read_text()
    assert "<h1>One</h1>" in text and "fabricsim sweep" not in text and "--seed 1" in text


@in_a_browser
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_of_real_sweeps_are_readable(run, folder: Path, width: int) -> None:
    for rows in (["scale.json"], ["designs.jsonl"], ["seeds.csv", "designs.jsonl"]):
        assert run("report", *rows, "-o", "r.html")[0] == 0
        page = (folder / "r.html").read_text()
        assert page.count("<figure>") >= 3
        check(folder, page, width)


def test_failures_are_in_the_report_and_not_in_figures(run, folder: Path) -> None:
    scenario = over_seeds()[0].scenario.model_copy(update={"size_bytes": 77})
    failed = Failure(scenario=scenario, error="ParameterError: no", version="0.1.0")
    (folder / "f.jsonl").write_text(json.dumps(failed.to_dict()) + "\n")
    assert run("report", "seeds.csv", "f.jsonl", "-o", "r.html")[0] == 0
    assert "ParameterError: no" in (folder / "r.html").read_text()
    assert run("plot", "seeds.csv", "f.jsonl", "-o", "a.svg")[0] == 0
    status, said = run("plot", "f.jsonl", "-o", "b.svg")
    assert status == 2 and "f.jsonl: of 1 point none gave a row; the first: ParameterError: no" in said
    status, said = run("report", "seeds.csv", "-o", "r.txt")
    assert status == 2 and "legal: .html" in said
