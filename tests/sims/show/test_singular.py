"""One of a thing is said in the singular, ``1 link``, in whatever the program says of small fabrics."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from fabric.words.counted import counted, plural
from sims.cli.main import main

GOLD = Path(__file__).parents[2] / "gold"
_ONE_OF_MANY = re.compile(
    r"(?<![\w.,/:=^+*-])(?<!at )1 (?:(?:more|other|failed|free|parallel|global|test|endpoint|switch) )?"
    r"(?!(?:is|as|has|was|this|its|less|across|class|gives|times)\b)[a-z-]+[a-z]s\b"
)

COMMANDS = """
topology show star:endpoints=1
topology show star:endpoints=2,gpus_per_server=1
topology show leaf-spine:leaves=1,spines=1,endpoints_per_leaf=1
topology show dragonfly:p=1,a=1,h=1
topology show dragonfly:p=1,a=2,h=1,groups=2
topology show dragonfly-plus:leaves=1,spines=1,endpoints_per_leaf=1,global_ports=1
topology show torus:dims=2
topology show direct.json
topology show fat-tree:k=2
topology show fat-tree:endpoints=3,radix=4
topology show leaf-spine:leaves=3,spines=2,endpoints_per_leaf=2 --fail cables=1 --allow-partition
topology show leaf-spine:leaves=3,spines=2,endpoints_per_leaf=2 --fail switches=tier2:1
topology show leaf-spine:leaves=3,spines=2,endpoints_per_leaf=2 --degrade cables=1:rate=50%
topology check leaf-spine:leaves=3,spines=2,endpoints_per_leaf=2 --fail cables=1 --allow-partition
topology check leaf-spine:leaves=3,spines=2,endpoints_per_leaf=2,cables=2 --fail cables=1
topology check fat-tree:k=4 --fail switches=tier3:1
topology check links.csv
topology bom star:endpoints=2 --prices sample
topology bom fat-tree:k=2
latency star:endpoints=2
latency torus:dims=2
allreduce star:endpoints=2 --size 1K --algorithm ring,tree,recursive-doubling,halving-doubling --explain
allreduce star:endpoints=3 --size 1K --algorithm recursive-doubling,halving-doubling
allreduce torus:dims=2 --size 1M --algorithm ring --explain
allreduce star:endpoints=2,gpus_per_server=2 --size 1K --algorithm hierarchical-ring
allreduce leaf-spine:leaves=3,spines=2,endpoints_per_leaf=2 --fail switches=tier2:1 --size 1K --algorithm ring
allreduce fat-tree:k=4 --faults hpn:flaps=5000/d --repeat 1 --size 1M --algorithm ring
allreduce star:endpoints=2 --engine packet --size 1K --algorithm ring
flows star:endpoints=2 --traffic shift:1 --size 1KB --explain
flows star:endpoints=2 --engine packet --traffic incast --size 1K
routing compare star:endpoints=2 --traffic incast --routing ecmp
routing compare star:endpoints=2 --traffic allreduce:tree --routing ecmp --ranks 2
compare star:endpoints=2 star:endpoints=2,rate=100Gbps --algorithm ring --size 1M
compare star:endpoints=2 star:endpoints=2 --algorithm ring --size 1M
sweep --set topology=star:endpoints=2 --set algorithm=ring --set size=1K --dry-run
sweep --set topology=star:endpoints=2 --set algorithm=ring --set size=1K -o out -j1
sweep --set topology=star:endpoints=2 --set algorithm=ring --set size=1K -o out -j1
sweep --set topology=star:endpoints=2 --set algorithm=ring --set size=1M -o out -j1
merge out -o one.csv
plot one.csv -o one.svg --where seed>5
report one.csv -o one.html
calibrate nccl.log --algorithm ring --placement packed --routing adaptive -o own.toml
""".strip().splitlines()


def test_the_plural_of_each_noun() -> None:
    nouns = {
        "leaf": "leaves",
        "other leaf": "other leaves",
        "switch": "switches",
    }
    assert {noun: plural(noun) for noun in nouns} == nouns
    assert [counted(n, "port") for n in (0, 1, 2)] == ["0 ports", "1 port", "2 ports"]


def test_one_is_singular_in_all_that_is_recorded() -> None:
    said = [
        line for path in sorted((GOLD / "outputs").glob("*.txt")) for line in path.read_text().splitlines()
    ]
    assert len(said) > 1_000 and [line for line in said if _ONE_OF_MANY.search(line)] == []


def test_one_is_singular_in_what_is_said_of_small_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (GOLD / "inputs").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    wrong = []
    for command in COMMANDS:
        monkeypatch.setattr(sys, "argv", ["fabricsim", *command.split()])
        try:
            main()
        except SystemExit as end:
            assert end.code in (0, 1, 2, None), command
        said = capsys.readouterr()
        text = said.out + said.err + "".join(path.read_text() for path in tmp_path.glob("one.html"))
        wrong += [(command, line) for line in text.splitlines() if _ONE_OF_MANY.search(line)]
    assert wrong == []
