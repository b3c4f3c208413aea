"""docs/training.md: its commands are parsed, and its examples run."""

import re
import shlex
import tomllib

from project import ROOT
from typer.testing import CliRunner

from sims.cli.main import app
from sims.settings.job_file import read_job

PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_its_python_runs():
    for text in blocks("python"):
        exec(compile(text, "docs/training.md", "exec"), {})


def test_its_job_by_hand_runs(tmp_path):
    (text,) = blocks("toml")
    path = tmp_path / "job.toml"
    path.write_text(text)
    result = CliRunner().invoke(app, ["train", str(path)])
    assert result.exit_code == 0 and "a step by hand on 32 GPUs" in result.output


def test_its_commands_are_legal_but_for_their_size():
    """The same words on a fabric of which only the sizes are small."""
    for line in "\n".join(blocks("sh")).splitlines():
        words = shlex.split(line)
        if words[:2] != ["fabricsim", "train"] or not words[2].startswith("preset:"):
            continue
        wrong = [*words[1:2], "star:endpoints=4", *words[3:]]
        error = str(CliRunner().invoke(app, wrong).exception)
        assert error.startswith(("groups: ", "ranks: ")), error  # read to the end, and then too few ranks


def test_its_job_is_that_of_its_first_command():
    first = shlex.split(blocks("sh")[0].splitlines()[0])
    job = read_job(ROOT / "docs" / "training" / "job.toml", "train")
    assert job["topology"] == first[2] and job["interleave"] == "4"
    for option, text in zip(first[3::2], first[4::2]):
        if option in ("--model", "--groups", "--sequence", "--batch"):
            assert job[option[2:]].removeprefix("mesh:") == text


def test_the_job_beside_others_is_the_same():
    folder = ROOT / "docs" / "training"
    job, beside = (tomllib.loads((folder / name).read_text()) for name in ("job.toml", "beside.toml"))
    one = beside["job"][0]
    assert one["ranks"] == 16_384
    assert all(one[name] == job[name] for name in job if name != "topology")


def test_one_target_makes_every_figure_of_the_three_pages():
    """The recipe names each picture that they show, and no other."""
    recipe = (ROOT / "Makefile").read_text().split("\ntraining: ")[1].split("\n\n")[0]
    made = set(re.findall(r"\S+\.png", recipe.replace("$(TRAINING)", "docs/training")))
    pages = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("training", "run", "goodput"))
    shown = {f"docs/{path}" for page in pages for path in re.findall(r"!\[[^]]*\]\((\S+?)\)", page)}
    assert made == shown and all((ROOT / path).is_file() for path in shown)
