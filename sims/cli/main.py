"""The command line: its commands in one place, and what becomes of errors and signals.

Every command parses, makes one API call and writes: data to stdout or --out, progress and complaints to
stderr. Heavy imports happen inside the command that needs them, so that --help is quick.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer

from fabric.words.errors import FabricsimError
from sims.cli.group import SETTINGS, Place, Program
from sims.cli.standard_input import as_named, removed
from sims.cli.terminal import LostOutputError, Terminal

__all__ = ["app", "main"]

_INTERRUPTED = 130
_MOST_BEGUN = 3  # options that are named where their beginning is given

# A new command is one line here; the summary stands in --help, where 62 characters fit.
_COMMANDS = {
    "allreduce": Place("collective", "allreduce", "Simulate all-reduce over message sizes."),
    "collective": Place("collective", "collective", "Simulate a collective over message sizes."),
    "train": Place("train", "train", "Simulate one step of a training job."),
    "run": Place("run", "run", "Run several jobs at once, and say who slows whom.", "jobs.toml"),
    "goodput": Place("goodput", "goodput", "Say how much of a job's weeks is useful when things fail."),
    "flows": Place("flows", "flows", "Run flows to their last byte on an otherwise idle fabric."),
    "trace": Place("trace", "trace", "Run a program's trace, GOAL or Chakra, on a fabric."),
    "sweep": Place("sweep", "sweep", "Run every point of a grid, or what is missing of it."),
    "merge": Place("sweep", "merge", "Join results: each scenario once, sorted by key.", "out/ -o all.csv"),
    "plot": Place("figures", "plot", "Draw saved rows, any column over any other.", "out/ -o figure.svg"),
    "report": Place("figures", "report", "Write one page about saved results.", "out/ -o report.html"),
    "explore": Place(
        "explore", "explore", "Write a page that one can play with.", "fat-tree:k=4 -o page.html"
    ),
    "compare": Place(
        "compare",
        "compare",
        "Say what differs between results, and what that did.",
        "fat-tree:k=8 torus:dims=8/4/4",
    ),
    "latency": Place("latency", "latency", "Count pairs of endpoints by one-way latency."),
    "expect": Place("expect", "expect", "Say what one should see on a fabric, and judge a log by it."),
    "diagnose": Place(
        "diagnose",
        "diagnose",
        "Rank what may be wrong with a machine by a log of nccl-tests.",
        "run.log fat-tree:k=4",
    ),
    "calibrate": Place(
        "calibrate", "calibrate", "Fit a latency profile to a log of nccl-tests.", "run.log fat-tree:k=4"
    ),
    "validate": Place("validate", "validate", "Hold the models against each other and published numbers."),
    "topology": Place("topology", "commands", "List topologies; look at one, check, draw, count, write it."),
    "opensm": Place(
        "opensm",
        "opensm",
        "Run the real OpenSM over a fabric, and write its tables.",
        "fat-tree:k=4 -o tables",
    ),
    "routing": Place("routing", "commands", "Compare routing policies on one fabric."),
}


class _Fabricsim(Program):
    table = _COMMANDS


app = typer.Typer(
    cls=_Fabricsim,
    context_settings=dict(SETTINGS),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A model of the network of a large AI training cluster: topologies, routes and simulated "
    "collectives. Exact for the model it states; an illustration, not a measurement of any real fabric.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from sims.scenario.version import model_version

        print(f"fabricsim {model_version()}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line: 0 done, 1 a check found faults, 2 a user's mistake, 3 points of a sweep failed,
    130 interrupted."""
    signal.signal(signal.SIGTERM, _terminated)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdout, sys.stderr = Terminal(sys.stdout, data=True), Terminal(sys.stderr, data=False)
    try:
        status = _run()
        sys.stdout.flush()
    except LostOutputError as lost:
        # A reader that went away, as `head` does, has what it wanted.
        gone = isinstance(lost.error, BrokenPipeError)
        status = 0 if gone else _failed(f"standard output: {lost.error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    removed()
    sys.exit(status)


def _terminated(number: int, _: object) -> NoReturn:
    """A scheduler's time limit ends a run as Ctrl-C does: what is finished is kept."""
    raise KeyboardInterrupt


def _run() -> int:
    usage_error: Any = typer.BadParameter.__mro__[
        2
    ]  # typer carries its own click, or an older one uses click's
    try:
        status = typer.main.get_command(app)(prog_name="fabricsim", standalone_mode=False)
    except FabricsimError as error:
        return _failed(str(error))
    except MemoryError as error:
        said = f" ({error})" if str(error) else ""
        return _failed(f"not enough memory{said}: ask for less or use a larger machine")
    except OSError as error:
        return _failed(f"{error.filename or 'input or output'}: {error.strerror or error}")
    except usage_error as error:
        words: str = _misspelled(error) or _left_out(error) or _too_many(error) or error.format_message()
        if type(error).__name__ == "NoArgsIsHelpError":
            print(words)
            return 0
        return _failed(words)
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    if status == _INTERRUPTED:
        print("fabricsim: interrupted", file=sys.stderr)
    return status if isinstance(status, int) else 0


def _misspelled(error: Any) -> str:
    """What is said of an option that does not exist; "" of another mistake."""
    if type(error).__name__ != "NoSuchOption" or error.ctx is None:
        return ""
    known = [word for one in error.ctx.command.get_params(error.ctx) for word in one.opts]
    near = _near_options(error.option_name, [word for word in known if word.startswith("--")])
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return f"option: {error.option_name!r}: unknown ({hint}{error.ctx.command_path} --help lists all)"


def _near_options(given: str, known: list[str]) -> list[str]:
    """The options that begin as ``given`` does, if they are few, or else the one of nearest spelling.

    >>> _near_options("--alg", ["--algorithm", "--fail"]), _near_options("--mtu", ["--format"])
    (['--algorithm'], [])
    """
    from difflib import get_close_matches

    begun = [word for word in known if word.startswith(given)] if given.startswith("--") else []
    if begun:
        return begun if len(begun) <= _MOST_BEGUN else []
    # Dashes make all options alike.
    plain = {word.lstrip("-"): word for word in known}
    return [plain[word] for word in get_close_matches(given.lstrip("-"), plain, n=1)]


def _left_out(error: Any) -> str:
    """What is said of an argument, an option or its value that is not given, with an example; "" of another
    mistake.
    """
    kind, ctx = type(error).__name__, error.ctx
    if kind == "BadOptionUsage":
        return f"{error.option_name}: not given: a value is needed (--help says which)"
    if kind != "MissingParameter" or ctx is None:
        return ""
    table: dict[str, Place] = getattr(ctx.parent.command, "table", {}) if ctx.parent else {}
    place = table.get(ctx.info_name)
    such = f", such as {ctx.command_path} {place.example}" if place and place.example else ""
    options = [word for word in error.param.opts if word.startswith("--")]
    name = options[0] if options else error.param.metavar or error.param.name
    return f"{name}: not given: it is needed{such}"


def _too_many(error: Any) -> str:
    """What is said of words that no argument takes, as where a value was written with a blank; "" of another
    mistake.
    """
    found = re.fullmatch(
        r"Got unexpected extra argument(?:\(s\)|s?) \((.*)\)", error.format_message(), re.DOTALL
    )
    if found is None or error.ctx is None:
        return ""
    path = error.ctx.command_path
    rule = "one argument too many: a value is written without blanks, as 1GB, or in quotes"
    return f"{path}: {found[1]!r}: {rule} ({path} --help says what it takes)"


def _failed(message: str) -> int:
    print("fabricsim: error:", as_named(" ".join(message.split())), file=sys.stderr)
    return 2
