"""What is said twice, where one value counts, is refused; and help says what readers accept."""

from __future__ import annotations

import re
import sys

import pytest

from sims.cli.main import main
from sims.settings.table import COLLECTIVES, KINDS, table_of

RUN = "allreduce fat-tree:k=4 --algorithm ring"


def run(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["fabricsim", *words.split()])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0), *capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sweep --set size=1K -o a -o b", "--out or -o: 'b': given 2 times, and takes one value"),
        (f"{RUN} --size 1K --plot a.svg --plot b.svg", "given 2 times"),
        (f"{RUN} --size 1MiB --size 2MiB", "--size"),
        (f"{RUN} --duration 1h --iterations 5", "--repeat or --iterations or --duration: '5': given 2 times"),
        (f"{RUN} --ranks 4 --ranks 3 --ranks 2", "--ranks: '2': given 3 times"),
        (f"{RUN} --ranks 4 --set ranks=3", "--set: 'ranks=3': ranks is said already, before --set"),
        (f"{RUN} --latency-profile ideal --set latency-profile=roce-400g", "latency_profile is said already"),
        ("train fat-tree:k=4 --batch 4 --batch 8", "--batch: '8'"),
    ],
)
def test_an_option_of_one_value_is_given_once(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(words, monkeypatch, capsys)
    assert (status, out) == (2, "") and err.count("\n") == 1 and said in err, err


def test_what_may_be_given_again_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"{RUN} --size 1K --fail cables=1 --fail cables=1 --set seed=1 --set k=6 --explain --explain"
    assert run(words, monkeypatch, capsys)[0] == 0


@pytest.mark.parametrize("kind", [COLLECTIVES, *KINDS])
def test_a_default_that_help_names_is_legal(kind: str) -> None:
    """One word of ``[default: ...]`` is a value; several say in prose what happens."""
    found = 0
    for one in table_of(kind).values():
        for text in re.findall(r"\[default: (\S+)\]", one.help):
            one.spell(text) if text != "nothing" else None
            found += 1
        if one.default and not one.required:
            one.spell(one.default)
    assert found >= (kind == "train")


@pytest.mark.parametrize(
    "command", ["train", "goodput", "run", "allreduce", "collective all-gather", "trace"]
)
def test_help_holds_no_placeholder(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(f"{command} --help", monkeypatch, capsys)
    assert status == 0 and "{names}" not in out
    assert command != "train" or ("llama3-8b" in out and "h100" in out)
