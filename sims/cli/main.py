"""The command line: its commands in one place, and what becomes of errors and signals.

Every command parses, makes one API call and writes: data to stdout or --out, progress and complaints to
stderr. Heavy imports happen inside the command that needs them, so that --help is quick.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer

from fabric.words.errors import FabricsimError
from sims.cli import allreduce as cli_allreduce
from sims.cli import calibrate as cli_calibrate
from sims.cli import compare as cli_compare
from sims.cli import figures as cli_figures
from sims.cli import flows as cli_flows
from sims.cli import latency as cli_latency
from sims.cli import sweep as cli_sweep
from sims.cli import validate as cli_validate
from sims.cli.late_help import LateHelp
from sims.cli.routing import commands as routing_commands
from sims.cli.terminal import LostOutputError, Terminal
from sims.cli.topology import commands as topology_commands
from sims.scenario.version import model_version

__all__ = ["app", "main"]

_INTERRUPTED = 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A model of the network of a large AI training cluster: topologies, routes and simulated "
    "all-reduce. Exact for the model it states; an illustration, not a measurement of any real fabric.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fabricsim {model_version()}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    pass


for command in (
    cli_allreduce.allreduce,
    cli_flows.flows,
    cli_sweep.sweep,
    cli_sweep.merge,
    cli_figures.plot,
    cli_figures.report,
    cli_compare.compare,
    cli_latency.latency,
    cli_calibrate.calibrate,
    cli_validate.validate,
):
    app.command(cls=LateHelp)(command)
app.add_typer(topology_commands, name="topology")
app.add_typer(routing_commands, name="routing")


def main() -> NoReturn:
    """Run the command line: 0 done, 1 a check found faults, 2 a user's mistake, 3 points of a sweep failed,
    130 interrupted."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.stdout, sys.stderr = Terminal(sys.stdout, data=True), Terminal(sys.stderr, data=False)
    try:
        status = _run()
        sys.stdout.flush()
    except LostOutputError as lost:
        # A reader that went away, as `head` does, has what it wanted.
        gone = isinstance(lost.error, BrokenPipeError)
        status = 0 if gone else _failed(f"standard output: {lost.error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def _terminated(number: int, _: object) -> NoReturn:
    """A scheduler's time limit ends a run as Ctrl-C does: what is finished is kept."""
    raise KeyboardInterrupt


def _run() -> int:
    usage_error: Any = typer.BadParameter.__mro__[
        2
    ]  # typer carries its own click, or an older one uses click's
    try:
        status = typer.main.get_command(app)(standalone_mode=False)
    except FabricsimError as error:
        return _failed(str(error))
    except MemoryError as error:
        said = f" ({error})" if str(error) else ""
        return _failed(f"not enough memory{said}: ask for less or use a larger machine")
    except OSError as error:
        return _failed(f"{error.filename or 'input or output'}: {error.strerror or error}")
    except usage_error as error:
        words: str = error.format_message()
        if type(error).__name__ == "NoArgsIsHelpError":
            print(words)
            return 0
        return _failed(words)
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    if status == _INTERRUPTED:
        print("fabricsim: interrupted", file=sys.stderr)
    return status if isinstance(status, int) else 0


def _failed(message: str) -> int:
    print("fabricsim: error:", " ".join(message.split()), file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
