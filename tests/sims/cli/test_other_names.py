"""A preset asked for by another of its names: every command says for what it stands, and how sure that is."""

from pathlib import Path

import pytest

from sims.cli.main import main
from topologies import load
from topologies.catalogue import PRESETS, disclaimer, disclaimers
from topologies.named import named

_SPEC = "preset:memphis:servers=8"
_LOG = "log.txt"  # of 8 ranks, made by ``expect`` itself
_COMMANDS = [
    f"topology show {_SPEC}",
    f"topology check {_SPEC}",
    f"topology bom {_SPEC}",
    "topology bom --preset memphis:servers=8 --gpu h100",
    f"topology export {_SPEC} -o g.json",
    f"latency {_SPEC}",
    f"allreduce {_SPEC} --algorithm ring --size 1MiB",
    f"collective all-gather {_SPEC} --algorithm ring --size 1MiB",
    f"flows {_SPEC} --traffic permutation --size 1MiB",
    f"routing compare {_SPEC} --routing ecmp,dmodk",
    f"train {_SPEC} --model llama3-8b --groups tp=8,dp=rest --sequence 512 --batch 64",
    f"goodput {_SPEC} --step 20s --faults llama3 --duration 1d",
    f"compare {_SPEC} star:endpoints=64 --algorithm ring --size 1MiB",
    f"sweep --set topology={_SPEC} --set size=1MiB --set algorithm=ring -o rows -j 1",
    f"sweep --set topology={_SPEC} --set size=1MiB,2MiB --set algorithm=ring --dry-run",
    f"explore {_SPEC} --dry-run --set size=1MiB",
    f"expect {_SPEC} --ranks 8 --size 1M:64M:x4",
    f"expect {_SPEC} --log {_LOG}",
    f"diagnose {_LOG} {_SPEC}",
    f"calibrate {_LOG} --preset memphis:servers=8",
]


def run(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["fabricsim", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code, words


@pytest.mark.parametrize("words", _COMMANDS)
def test_every_command_says_for_what_another_name_stands(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if _LOG in words:
        made = f"{_SPEC} --ranks 8 --size 1M:64M:x4 --algorithm ring --format nccl-tests -o {_LOG}"
        run(f"allreduce {made}", monkeypatch)
    capsys.readouterr()
    run(words, monkeypatch)
    said = " ".join(capsys.readouterr().out.split())
    assert "preset:memphis is another name of preset:colossus-100k: Colossus stands in Memphis" in said
    assert "an illustration" in said


def test_its_own_name_says_nothing_of_others_and_no_other_changes_a_result() -> None:
    own, other = named("preset:colossus-100k:servers=8"), named("PRESET:Memphis:servers=8")
    assert own == other and own.text == other.text
    assert "memphis" not in own.disclaimer and own.disclaimer == own.graph().graph["disclaimer"]
    assert other.disclaimer == other.graph().graph["disclaimer"] != own.disclaimer
    assert other.disclaimer == other.compilable().graph["disclaimer"] == disclaimer(_SPEC)


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if name != preset.name])
def test_every_other_name_has_a_reason(name: str) -> None:
    preset = PRESETS[name]
    assert disclaimer(f"preset:{name}") == preset.claim(name)
    assert preset.claim(name).startswith(preset.disclaimer)
    assert preset.claim(name).endswith(
        f"preset:{name} is another name of preset:{preset.name}: {preset.also[name]}"
    )
    assert "as reported" in preset.also[name] or "(" in preset.also[name], "how sure it is, or a source"


def test_what_is_said_of_several_is_said_once() -> None:
    spec = "preset:memphis"
    assert disclaimers([spec, "fat-tree:k=4", spec, "preset:hpn-pod"]) == [
        disclaimer(spec),
        disclaimer("preset:hpn-pod"),
    ]
    assert load("preset:memphis:servers=8").graph["disclaimer"] == disclaimer(spec)
