"""docs/training.md: its commands are parsed, and its examples run."""

import re
import shlex

from project import ROOT
from typer.testing import CliRunner

from sims.cli.main import app

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
        if words[:2] != ["fabricsim", "train"]:
            continue
        wrong = [*words[1:2], "star:endpoints=4", *words[3:]]
        error = str(CliRunner().invoke(app, wrong).exception)
        assert error.startswith(("groups: ", "ranks: ")), error  # read to the end, and then too few ranks
