"""What commands make: --out in every command, standard output, --json, and the old spellings."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from project import ROOT

from fabric.machine.whole_file import replaced
from fabric.words.errors import FabricsimError
from sims.cli import main as cli
from sims.cli.output import Output, outputs
from sims.scenario.files import read_records

Run = Callable[..., tuple[int, str, str]]
INPUTS = ROOT / "tests" / "gold" / "inputs"
FIGURES, ROWS = (".svg", ".png", ".pdf"), (".csv", ".json", ".jsonl", ".parquet")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in a folder with what commands read; returns its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    for name in ("old.csv", "old.jsonl", "nccl.log", "links.csv", "jobs.toml", "pingpong.goal"):
        (tmp_path / name).write_bytes((INPUTS / name).read_bytes())

    def command(words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fabricsim", *words.split()])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return command


# A command, and the endings of what it makes.
MAKERS = {
    "plot old.csv": (".svg", ".png"),
    "report old.csv": (".html",),
    "merge old.csv": (".csv", ".jsonl"),
    "compare old.csv old.jsonl": (".csv", ".svg"),
    "latency star:endpoints=4": (".csv", ".json"),
    "calibrate nccl.log --algorithm ring": (".toml", ".csv", ".svg"),
    "allreduce star:endpoints=4 --size 1K,1M": (".csv", ".json", ".jsonl"),
    "flows star:endpoints=4 --size 1K": (".csv", ".json"),
    "topology list": (".csv", ".json"),
    "topology list torus": (".csv", ".json"),
    "topology check star:endpoints=4": (".csv", ".json"),
    "topology bom star:endpoints=4": (".csv", ".jsonl"),
    "topology draw star:endpoints=4": (".svg", ".pdf"),
    "topology export star:endpoints=4": (".json", ".graphml", ".dot", ".csv"),
    "topology import links.csv": (".json",),
    "routing compare star:endpoints=4": (".csv", ".json"),
    "train fat-tree:k=4 --model llama3-8b --groups tp=4,dp=rest --sequence 512 --batch 8": (".csv", ".json"),
    "goodput fat-tree:k=4 --step 20s --faults llama3 --duration 1d": (".csv", ".json"),
    "expect star:endpoints=8 --size 1M,4M": (".csv", ".jsonl", ".svg"),
    "diagnose nccl.log star:endpoints=64": (".csv", ".json"),
    "run jobs.toml": (".csv", ".json"),
    "trace star:endpoints=4 --trace pingpong.goal": (".csv", ".json"),
}


@pytest.mark.parametrize("command", MAKERS)
def test_out_is_the_same_thing_in_every_command(run: Run, tmp_path: Path, command: str) -> None:
    for ending in MAKERS[command]:
        made = []
        for number, option in enumerate(("--out", "-o", "--output")):
            name = f"made{number}{ending}"
            status, _out, err = run(f"{command} {option} {name}")
            assert status == 0 and err.splitlines()[-1] == f"wrote {name}", err
            made.append((tmp_path / name).read_bytes())
        assert made[0] == made[1] == made[2] != b""


@pytest.mark.parametrize("command", [name for name, endings in MAKERS.items() if len(endings) > 1])
def test_out_may_be_given_again_in_every_command(run: Run, tmp_path: Path, command: str) -> None:
    """Each file by its ending, and two of one: as if each were asked for by itself."""
    endings = (*MAKERS[command], MAKERS[command][0])
    names = [f"made{number}{ending}" for number, ending in enumerate(endings)]
    status, _out, err = run(f"{command} {' '.join(f'-o {name}' for name in names)}")
    written = [line.removeprefix("wrote ") for line in err.splitlines() if line.startswith("wrote ")]
    assert status == 0 and sorted(written) == sorted(names), err
    for name in names:
        assert run(f"{command} -o alone{Path(name).suffix}")[0] == 0
        assert (tmp_path / name).read_bytes() == (tmp_path / f"alone{Path(name).suffix}").read_bytes()


def test_of_several_files_all_are_written_or_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("as it was")

    def make(path: Path, text: str) -> None:
        with replaced(path) as file:
            file.write(text)
            if path.name == "b.csv" and text == "bad":
                raise OSError(28, "No space left on device")

    both = Output((Path("a.csv"), Path("b.csv")), ".csv")
    with pytest.raises(FabricsimError, match=r"b\.csv: cannot be written: No space left on device"):
        both.write(make, "bad")
    assert capsys.readouterr() == ("", "") and os.listdir() == ["a.csv"]
    assert Path("a.csv").read_text() == "as it was"
    both.write(make, "good")
    assert capsys.readouterr() == ("good", "wrote a.csv\nwrote b.csv\n")
    assert sorted(os.listdir()) == ["a.csv", "b.csv"] and Path("a.csv").read_text() == "good"


@pytest.mark.parametrize("command", MAKERS)
def test_a_text_goes_to_standard_output_alone(run: Run, tmp_path: Path, command: str) -> None:
    first = MAKERS[command][0]
    for ending in MAKERS[command]:
        form = "" if ending == first else f" --format {ending[1:]}"
        if ending in (".png", ".pdf"):
            continue
        assert run(f"{command} -o file{ending}")[0] == 0
        status, out, err = run(f"{command} -o -{form}")
        assert status == 0 and "wrote" not in err
        assert out == (tmp_path / f"file{ending}").read_text(encoding="utf-8")
        assert not list(tmp_path.glob("output*"))


@pytest.mark.parametrize("command", [name for name, endings in MAKERS.items() if ".csv" in endings])
def test_json_is_the_rows_and_nothing_else(run: Run, tmp_path: Path, command: str) -> None:
    if "export" in command:
        return
    status, out, _err = run(f"{command} --json --out rows.json")
    rows = json.loads(out)
    assert status == 0 and rows == json.loads((tmp_path / "rows.json").read_text())
    text = run(f"{command} --out - --format csv")[1]
    assert text == csv_of(rows) or (not rows and text.count("\n") == 1)  # a check without findings


def csv_of(rows: list[dict[str, object]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(rows[0])
        for row in rows:
            writer.writerow(json.dumps(v) if isinstance(v, (dict, list)) else v for v in row.values())
    return text.getvalue()


def test_several_things_by_their_endings(run: Run, tmp_path: Path) -> None:
    old = "calibrate nccl.log --algorithm ring --output own.toml --out rows.csv --plot fit.svg"
    status, table, err = run(old)
    assert (status, [line for line in err.splitlines() if line.startswith("wrote")]) == (
        0,
        ["wrote own.toml", "wrote rows.csv", "wrote fit.svg"],
    )
    assert "alpha" in table
    status, text, _ = run("calibrate nccl.log --algorithm ring -o - -o rows.json")
    assert tomllib.loads(text) == tomllib.loads((tmp_path / "own.toml").read_text())
    assert len(read_records(tmp_path / "rows.json")) == len(read_records(tmp_path / "rows.csv"))
    assert run("compare old.csv old.jsonl --out c.csv -o ratio.svg")[2] == "wrote c.csv\nwrote ratio.svg\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("topology list --format json", "--format: 'json': is of what goes to standard output: --out -"),
        ("topology list -o - --json", "one thing goes to standard output"),
        ("topology list -o - --format parquet", "(legal: csv, json, jsonl)"),
        ("topology draw star:endpoints=4 -o a.xyz", "--out: 'a.xyz'"),
        ("topology draw star:endpoints=4 --output a.xyz", "--out: 'a.xyz'"),
        ("compare old.csv old.jsonl -o a.csv -o ./a.csv", "--out: 'a.csv': named twice: each file once"),
        ("calibrate nccl.log -o a.svg --plot a.svg", "--plot: 'a.svg': named twice"),
        ("merge old.csv -o folder -o a.csv", "--out: 'folder': a folder is named alone"),
        ("expect star:endpoints=8 --format nccl-tests -o a.log -o b.csv", "--out: 'b.csv'"),
        ("latency star:endpoints=4 --plot a.csv", "--plot: 'a.csv'"),
        ("merge old.csv", "--out: not given"),
        ("sweep --set topology=star:endpoints=4 -o -", "a folder is needed"),
    ],
)
def test_what_cannot_be_made_is_said_before_anything_is_done(
    run: Run, tmp_path: Path, words: str, said: str
) -> None:
    before = sorted(os.listdir(tmp_path))
    status, out, err = run(words)
    assert (status, out) == (2, "") and err.count("\n") == 1 and said in err, err
    assert sorted(os.listdir(tmp_path)) == before


def test_an_output_of_two_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = outputs([Path("a.csv"), Path("-")], "svg", rows=ROWS, figure=FIGURES)
    assert found == {"rows": Output((Path("a.csv"),)), "figure": Output(form=".svg")}
    assert outputs(None, rows=ROWS) == {"rows": Output()} and not Output()
    assert outputs([Path("/dev/null")], figure=FIGURES, rows=ROWS)["figure"].files == (Path("/dev/null"),)


def test_what_fails_sends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        Output(form=".csv").write(half)
    assert capsys.readouterr().out == ""


def test_a_title_that_is_no_utf8_is_drawn_all_the_same(run: Run, tmp_path: Path) -> None:
    for words in ("plot old.csv -o a.svg", "report old.csv -o a.html", "compare old.csv old.jsonl -o b.svg"):
        status, _, err = run(f"{words} --title h\udcc3(")
        assert status == 0, err
        assert "h\ufffd(" in (tmp_path / words.split()[-1]).read_text(encoding="utf-8")


def test_a_title_longer_than_a_page_is_refused(run: Run) -> None:
    for words in ("plot old.csv -o a.svg", "report old.csv -o a.html", "compare old.csv old.jsonl -o b.svg"):
        status, _, err = run(f"{words} --title {'x' * 1001}")
        assert status == 2 and err.count("\n") == 1
        assert "--title: 'xxx" in err and "1,001 characters, of which a title has at most 1,000" in err
        assert run(f"{words} --title {'x' * 1000}")[0] == 0


def test_parameters_of_a_family_are_explained(run: Run) -> None:
    status, out, _ = run("topology list torus")
    assert status == 0 and "torus: switches on a grid" in out
    for words in ("dims", "default 25ns/250ns", "endpoints_per_switch"):
        assert words in out
    rows = json.loads(run("topology list torus --json")[1])
    assert [row["parameter"] for row in rows][:3] == ["dims", "endpoints_per_switch", "wrap"]
    assert [row["default"] for row in rows][:3] == ["must be given", "1", "true"]
    assert all(row["line"] for row in rows)
