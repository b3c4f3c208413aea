"""Words around the commands: help that fits, the nearest word, old spellings, what the shell offers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import typer
from project import ROOT

from sims.cli import main as cli
from sims.workload.collective import COLLECTIVES

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object) -> Run:
    """Run a command in an empty folder; returns its status, stdout and stderr."""
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fabricsim", *words])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return command


def commands() -> Iterator[tuple[tuple[str, ...], typer.core.TyperCommand]]:
    """Every command and group of the program, by the words that name it."""

    def under(path: tuple[str, ...], command: typer.core.TyperCommand) -> Iterator:  # type: ignore[type-arg]
        yield path, command
        context = command.context_class(command)
        for name in getattr(command, "list_commands", lambda _: ())(context):
            yield from under((*path, name), command.get_command(context, name))  # type: ignore[attr-defined]

    yield from under((), typer.main.get_command(cli.app))  # type: ignore[arg-type]


EVERY = dict(commands())
GROUPS = [path for path, command in EVERY.items() if hasattr(command, "list_commands")]


def test_out_is_taken_again_by_all_commands_but_of_one_folder() -> None:
    outs = {
        " ".join(path): one
        for path, command in EVERY.items()
        for one in command.params
        if "--out" in one.opts
    }
    assert len(outs) > 20
    assert [name for name, one in outs.items() if not one.multiple] == ["sweep"]
    assert all("May be given again." in one.help for name, one in outs.items() if name != "sweep")


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_help_is_short_too_and_fits_into_80_columns(run: Run, path: tuple[str, ...]) -> None:
    status, out, err = run(*path, "--help")
    assert (status, err) == (0, "") and run(*path, "-h") == (status, out, err)
    assert max(map(len, out.splitlines())) <= 80
    listed = out.partition("Commands:\n")[2]
    assert "..." not in listed
    assert "--output" not in out


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_the_summary_of_a_command_stands_in_its_own_help(run: Run, path: tuple[str, ...]) -> None:
    listed = run(*path, "--help")[1].partition("Commands:\n")[2]
    rows = re.findall(r"^  (\S+) +(\S.*)$", listed, re.MULTILINE)
    assert [(*path, name) for name, _ in rows] == [one for one in EVERY if one[:-1] == path and one]
    for name, summary in rows:
        assert summary.endswith("."), name
        if (*path, name) not in GROUPS:
            words = " ".join(run(*path, name, "--help")[1].split())
            assert summary.rstrip(".") in words, name


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("allreduec", "allreduce"),
        ("topolgy list", "topology"),
        ("topology lst", "list"),
        ("routing compair", "compare"),
        ("allreduce --rooting ecmp", "--routing"),
        ("allreduce --alg ring", "--algorithm"),  # and not --fail, which has the same letters
        ("allreduce star:endpoints=4 --algorithm hd", "halving-doubling"),
        ("allreduce star:endpoints=4 --algorithm NVLS", "in-network"),
        ("allreduce star:endpoints=4 --algorithm double_tree", "tree"),
        ("allreduce star:endpoints=4 --algorithm nvls-tree", "hierarchical-tree"),
        ("collective all-to-all star:endpoints=4 --algorithm direct", "linear"),
        ("topology show --fale cables=1", "--fail"),
        ("allreduce fat-tre:k=4", "fat-tree"),
        ("allreduce colossus-100k", "preset:colossus-100k"),
        ("allreduce --preset colosus-100k", "colossus-100k"),
        ("allreduce fat-tree:kk=4", "k"),
        ("topology list dragonfy", "dragonfly"),
        ("allreduce star:endpoints=4 --routing ecpm", "ecmp"),
        ("allreduce star:endpoints=4 --routing ecmp:qsp=2", "qps"),
        ("allreduce star:endpoints=4 --algorithm rign", "ring"),
        ("allreduce star:endpoints=4 --latency-profile ib-nrd", "ib-ndr"),
        ("allreduce star:endpoints=4 --placement pakced", "packed"),
        ("allreduce star:endpoints=4 --engine packt", "packet"),
        ("allreduce star:endpoints=4 --engine packet --cc windw", "window"),
        ("allreduce star:endpoints=4 --out a.cvs", ".csv"),
        ("allreduce star:endpoints=4 --plot a.sgv", ".svg"),
        ("allreduce star:endpoints=4 --set rooting=ecmp", "routing"),
        ("allreduce star:endpoints=4 --faults hpm", "hpn"),
        ("flows star:endpoints=4 --size 1K --traffic permutaton", "permutation"),
        ("routing compare star:endpoints=4 --traffic altoall", "alltoall"),
        ("topology draw star:endpoints=4 -o a.svg --style foldd", "folded"),
        ("topology export star:endpoints=4 -o - --format graphlm", "graphml"),
        ("topology list --out - --format jsno", "json"),
        ("topology list --out a.jsom", ".json"),
    ],
)
def test_the_nearest_word_is_named(run: Run, words: str, near: str) -> None:
    status, out, err = run(*words.split())
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert f"did you mean {near!r}?" in err, err


def test_an_option_that_is_near_none_has_no_suggestion_and_a_beginning_has_a_few(run: Run) -> None:
    for words, hint in (
        ("latency --mtu 1", ""),
        ("allreduce --s", ""),  # of which there are many
        ("allreduce --si 1K", "did you mean '--size' or '--sizes'? "),
    ):
        option, lists_all = words.split()[1], f"fabricsim {words.split()[0]} --help lists all)"
        told = f"fabricsim: error: option: '{option}': unknown ({hint}{lists_all}\n"
        assert run(*words.split()) == (2, "", told)


def test_a_name_that_others_have_for_an_algorithm_of_another_collective_says_nothing(run: Run) -> None:
    told = run("collective", "all-gather", "star:endpoints=4", "--algorithm", "nvls")[2]
    assert "unknown algorithm of all-gather (legal: ring" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("allreduce fat-tree:k=4 --fail switches=spine:999", "fail: 'switches=spine:999': too many of 8"),
        (
            "flows fat-tree:k=4 --size 1K --traffic shift --fail cables=1;cables=core:01",
            "fail: 'cables=core:01': ",
        ),
        (
            "compare fat-tree:k=4 star:endpoints=4 --fail switches=spine:9",
            "fail: 'switches=spine:9': too many",
        ),
        ("allreduce fat-tree:k=4 --fail switches=tier2:999", "fail: 'switches=tier2:999': too many of 8"),
        ("allreduce star:endpoints=8 --experts ep=2", "experts: 'ep=2': is said of groups"),
        *(
            (f"allreduce fat-tree:k=4 {options} --size 1K --gap 1s --duration 1y", f"faults: {told}: about")
            for options, told in (
                ("--faults quiet:flaps=5/s", "'quiet:flaps=5/s'"),
                ("--flap 1e12/d", "'quiet:flaps=1e12/d'"),
            )
        ),
        (
            "allreduce fat-tree:k=4 --size 1K --groups tp=4,dp=rest --over tp --experts ep=3",
            "experts: 'ep=3': 3 do not divide the 16 ranks of a pipeline stage",
        ),
        ("goodput fat-tree:k=64 --step 20s --faults llama3:gpu_mtbf=1h", "duration: '54d': about"),
        (
            "train star:endpoints=64,gpus_per_server=8 --model llama3-8b --groups tp=8,dp=rest "
            "--compute step=1000ps",
            "compute: step: '1000ps': unknown unit",
        ),
        (
            "train star:endpoints=64,gpus_per_server=8 --model llama3-8b --groups tp=8,dp=rest "
            "--compute step=0.001us",
            "compute: 'step=0.001us': at their peak GPUs take",
        ),
    ],
)
def test_errors_quote_what_was_typed(run: Run, words: str, told: str) -> None:
    status, out, err = run(*words.split())
    assert (status, out) == (2, "") and err.startswith(f"fabricsim: error: {told}"), err


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--algorithm", "algorithm: '': unknown algorithm (legal: ring, "),
        ("--routing", "routing: '': unknown policy (legal: ecmp, "),
        *(
            (option, f"{option}: '': empty: a value is needed")
            for option in ("--fail", "--degrade", "--upgrade")
        ),
        ("--plot", "--plot: '': empty: the path of a file is needed"),
        ("-o", "--out or -o: '': empty: the path of a file is needed"),
    ],
)
def test_an_empty_text_is_no_default(run: Run, option: str, told: str) -> None:
    """Such as comes of a variable of the shell that is not set."""
    status, out, err = run("allreduce", "star:endpoints=4", "--size", "1K", option, "")
    assert (status, out) == (2, "") and err.startswith(f"fabricsim: error: {told}"), err


@pytest.mark.parametrize(
    "words",
    [
        *(
            f"allreduce star:endpoints=4 --size 1K {option}"
            for option in ("--placement D", "--fail D", "--degrade D:rate=9%", "--faults d.toml")
        ),
        "allreduce star:endpoints=4 --size 1K --routing static:file=D",
        "flows star:endpoints=4 --traffic D/",
        "flows star:endpoints=4 --traffic D --size 1K",
        "topology bom star:endpoints=4 --prices D",
        "topology show fat-tree:k=4,server=D",
        "run D",
    ],
)
def test_a_folder_where_a_file_is_needed_is_told_to_be_one(run: Run, words: str) -> None:
    for folder in ("D", "d.toml"):
        os.mkdir(folder)
    status, out, err = run(*words.split())
    assert (status, out) == (2, "") and "a folder: the path of a file is needed" in err, err


def test_a_command_of_another_place_is_said_in_full(run: Run) -> None:
    """Every command of a group, and every collective, asked for without the word before it."""
    words = {name: f"collective {name}" for name in COLLECTIVES}
    for group in ("topology", "routing"):
        legal = run(group, "x-x")[2].rpartition("legal: ")[2].rstrip(")\n").split(", ")
        assert len(legal) > 0
        words |= {name: f"{group} {name}" for name in legal}
    for word, whole in words.items():
        if word != "compare":  # a command of both
            status, _, err = run(word)
            assert status == 2 and f"unknown: write fabricsim {whole} " in err, err


def test_a_misspelled_figure_and_column(run: Run) -> None:
    assert run("allreduce", "star:endpoints=4", "--size", "1K", "--out", "r.csv")[0] == 0
    for words, near in (
        ("--figure busb", "busbw"),
        ("--x topology.endpoint --y time_s", "topology.endpoints"),
    ):
        status, _, err = run("plot", "r.csv", "-o", "a.svg", *words.split())
        assert status == 2 and f"did you mean {near!r}?" in err, err


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("fabricsim to", ["topology"]),
        ("fabricsim topology sh", ["show"]),
        ("fabricsim topology show dragonf", ["dragonfly", "dragonfly-plus"]),
        ("fabricsim topology show --preset me", ["memphis", "meta-24k"]),
        ("fabricsim topology list tor", ["torus"]),
        ("fabricsim allreduce --routing dm", ["dmodk"]),
        ("fabricsim routing compare --routing ecmp,dm", ["ecmp,dmodk"]),
        ("fabricsim allreduce --algorithm ring,tr", ["ring,tree"]),
        ("fabricsim allreduce --latency-profile ib", ["ib-ndr"]),
        ("fabricsim flows --traffic inc", ["incast"]),
        ("fabricsim plot rows.csv --figure c", ["cdf", "crossover"]),
        ("fabricsim latency --form", ["--format"]),
    ],
)
def test_the_shell_is_offered(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: str, offered: list[str]
) -> None:
    monkeypatch.setenv("_FABRICSIM_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    _, out, err = run()
    assert (out.split(), err) == (offered, "")


def test_parameters_are_offered_behind_the_colon_where_the_shell_keeps_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_FABRICSIM_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "fabricsim topology show torus:dims=4/4,wr")
    assert "torus\\\\:dims=4/4,wrap=" in run()[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "allreduce fat-tree:k=4 --size 1 GB",
            "fabricsim allreduce: 'GB': one argument too many: a value is written without blanks, as 1GB, or "
            "in quotes (fabricsim allreduce --help says what it takes)",
        ),
        ("topology show star:endpoints=4 a b", "fabricsim topology show: 'a b': one argument too many"),
        (
            "allreduce 1000",
            "topology: '1000': a number names no fabric: say of which kind, as star:endpoints=1000",
        ),
    ],
)
def test_what_newcomers_write_is_answered(run: Run, words: str, said: str) -> None:
    status, out, err = run(*words.split())
    assert (status, out) == (2, "") and err.startswith(f"fabricsim: error: {said}") and err.count("\n") == 1


def test_help_imports_no_command() -> None:
    """The rest of the program is imported by the command that needs it, so --help is quick."""
    code = (
        "import sys\nsys.argv = ['fabricsim', '--help']\nfrom sims.cli.start import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "rooms = ('sims', 'fabric', 'topologies', 'numpy', 'networkx', 'rich')\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in rooms))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={**os.environ}, check=True
    )
    needed = {
        *("fabric", "fabric.words", "fabric.words.counted", "fabric.words.errors", "sims", "sims.cli"),
        *("fabric.machine", "fabric.machine.collector", "fabric.machine.heap", "sims.cli.start"),
        *("sims.cli.group", "sims.cli.main", "sims.cli.plain_words", "sims.cli.terminal"),
        "sims.cli.standard_input",  # what the program removes as it is left
    }
    assert set(re.findall(r"'([\w.]+)'", done.stdout.splitlines()[-1])) == needed


def test_a_run_imports_nothing_heavy_that_it_does_not_need() -> None:
    """A checker of types, readers of files, a plotting library: together as long as the smallest run."""
    code = (
        "import sys\nfrom sims.cli.main import main\n"
        "sys.argv = 'fabricsim allreduce fat-tree:k=4 --algorithm ring --size 8 --out -'.split()\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = ('pydantic', 'matplotlib', 'rich', 'pyarrow', 'distributed', 'topologies.files',\n"
        "  'sims.models.packet.network', 'sims.models.fluid.faults.process',\n"
        "  'sims.studies.explain.explainer')\n"
        "found = [m for m in sys.modules for h in heavy if m == h or m.startswith(h + '.')]\n"
        "assert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("key,"), done.stderr


NEEDY = [path for path, one in EVERY.items() if path not in GROUPS and any(p.required for p in one.params)]


@pytest.mark.parametrize("path", NEEDY, ids=" ".join)
def test_who_leaves_out_what_is_needed_gets_an_example(run: Run, path: tuple[str, ...]) -> None:
    status, out, err = run(*path)
    assert (status, out) == (2, "")
    assert re.fullmatch(
        rf"fabricsim: error: \S.*: not given: it is needed, such as fabricsim {' '.join(path)} .+\n", err
    )


def test_an_option_without_its_value_is_one_line_of_ours(run: Run) -> None:
    assert run("allreduce", "star:endpoints=4", "--size") == (
        2,
        "",
        "fabricsim: error: --size: not given: a value is needed (--help says which)\n",
    )


def test_a_list_of_unknown_hosts_is_answered_with_some_that_exist(run: Run) -> None:
    status, _, err = run("allreduce", "fat-tree:k=4", "--placement", "hostlist:gpu[1-3]")
    assert status == 2 and "no node is called so in fat-tree:k=4 (legal: 0 to 15)" in err


def test_figures_import_no_bill_no_log_and_no_reader_of_files() -> None:
    """They draw what they are given; who made it is needed for its type only."""
    code = (
        "import sys\nimport sims.show.figures\n"
        "heavy = ('sims.studies.bom', 'sims.studies.nccl_log', 'sims.studies.explain', 'topologies.files')\n"
        "found = [m for m in sys.modules if m.startswith(heavy)]\nassert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
