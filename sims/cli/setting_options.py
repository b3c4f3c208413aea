"""The options of a command that are settings, made from the table of settings. Runs no command.

A command that takes settings is a function of their texts and of its own options; what the user gave, by
options and by ``--set``, is put together before it is called.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from fabric.words.errors import FabricsimError, ParameterError
from sims.cli.fabric_options import FABRIC_OPTIONS, named
from sims.settings.setting import PartOption, Setting
from sims.settings.table import COLLECTIVES, SETTINGS, table_of

__all__ = ["Asked", "Sets", "Texts", "every", "with_settings"]


class Texts(dict[str, str]):
    """The text of each setting of a command; ``said``: which of them the user gave."""

    said: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """What the user asked of settings, for a command that has several fabrics: ``on`` one of them.

    ``first``: the first option that was given, and its value; None where none was.
    """

    chosen: Sequence[Setting]
    values: Mapping[str, Any]
    several: Collection[str]
    defaults: Mapping[str, str]

    def on(self, topology: str) -> Texts:
        """The text of each setting, ``topology`` among them."""
        return _texts(self.chosen, self.values, self.several, self.defaults, topology)

    @property
    def first(self) -> tuple[str, str] | None:
        for one in self.chosen:
            text = _given(one, self.values)
            if text is not None:
                return one.option, text
        return ("--set", self.values["sets"][0]) if self.values["sets"] else None


def with_settings(
    *names: str,
    fabrics: bool = False,
    several: Collection[str] = (),
    defaults: Mapping[str, str] = {},
    helps: Mapping[str, str] = {},
    shown: Mapping[str, str] = {},
    without: Collection[str] = (),
    argument: str = "",
    name: str = "",
    summary: str = "",
    kind: str = COLLECTIVES,
    job_file: str = "",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, whose first argument is its Texts, the options of the settings ``names``.

    Args:
        names: settings, in the order of their options. ``topology`` stands for all ways to name a fabric.
        several: those that may have more than one text, which are then joined by commas.
        defaults: texts where the command has others than the settings; "" means that nothing is said.
        helps: the same of help texts.
        shown: defaults as the help text tells them, where that is in other words.
        without: parts whose options the command does not have.
        argument: the setting that stands before all others, without an option.
        name, summary: of the command, where the function serves several.
        fabrics: the command has its own argument for fabrics, several of them, and takes Asked.
        kind: whose settings they are, as of sims.settings.table.table_of.
        job_file: the command's own option with a file of train, whose fabric it is where none is named.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(signature(command, eval_str=True).parameters.values())[1:]
        chosen = [table_of(kind)[name] for name in names]
        # Made when the command is: the options of a setting, its parts, and what is the command's own.
        made = [one for setting in chosen for one in _options(setting, {**defaults, **shown}, helps, without)]
        made += [_SKIP] if "routing" in names else []
        places = {one.name: one for one in [*made, *own, _SETS]}
        if argument:
            places[argument] = _argument(SETTINGS[argument], helps.get(argument, SETTINGS[argument].help))

        def run(**values: Any) -> None:
            if argument and values[argument] is None:
                raise ParameterError(argument, None, "name it first", SETTINGS[argument].choices())
            asked = Asked(chosen, values, several, defaults)
            usual = {**defaults, **_fabric_of(values.get(job_file))}
            texts = asked if fabrics else _texts(chosen, values, several, usual, kind=kind)
            with _as_typed(chosen, values, kind):
                command(texts, **{one.name: values[one.name] for one in own})

        run.__name__, run.__module__ = name or command.__name__, command.__module__
        run.__doc__ = summary or command.__doc__
        parameters = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in places.values()]
        run.__dict__["__signature__"] = Signature(parameters)
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate


@contextmanager
def _as_typed(chosen: Sequence[Setting], values: Mapping[str, Any], kind: str) -> Iterator[None]:
    """Quote in errors of settings what the user typed, and not the one spelling that it is kept in."""
    try:
        yield
    except ParameterError as error:
        for one in chosen:
            typed = _given(one, values) if one.name == error.name.replace("-", "_") else None
            for piece in typed.split(";") if typed else ():
                if error.value == _kept(one, piece, kind):
                    error.quote(piece.strip())
                    raise
        raise


def _kept(one: Setting, text: str, kind: str) -> str:
    """The one spelling of a text; none of a text that is illegal by itself."""
    from sims.settings.table import spelled

    try:
        return spelled(one.name, text, kind)
    except FabricsimError:
        return ""


def _fabric_of(path: str | os.PathLike[str] | None) -> dict[str, str]:
    """The fabric that a file of a job names, if it does."""
    if path is None:
        return {}
    from sims.settings.job_file import read_job

    return {name: text for name, text in read_job(path, "train").items() if name == "topology"}


def every(*first: str, but: Collection[str] = (), kind: str = COLLECTIVES) -> tuple[str, ...]:
    """The names of all settings of a kind, some of them first, ``but`` for some."""
    return tuple(name for name in dict.fromkeys([*first, *table_of(kind)]) if name not in but)


Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one setting or a part of one: topology.k=32, switch_latency=300ns. May be repeated.",
        show_default=False,
    ),
]
Skip = Annotated[
    bool,
    typer.Option(
        "--skip-unrouted",
        help="With --routing static: what the tables have no way for goes as dmodk sends it, and is counted.",
        show_default=False,
    ),
]
_SKIP = Parameter("skip_unrouted", Parameter.KEYWORD_ONLY, default=False, annotation=Skip)
_SETS = Parameter("sets", Parameter.KEYWORD_ONLY, default=None, annotation=Sets)


def _options(
    one: Setting, defaults: Mapping[str, str], helps: Mapping[str, str], without: Collection[str]
) -> Iterator[Parameter]:
    """The parameters of a command that are a setting and its parts; None is what nobody gave."""
    if one.name == "topology":
        yield from FABRIC_OPTIONS
        return
    if one.help:
        yield _option(one, helps.get(one.name, one.help), defaults.get(one.name, one.default))
    for part in one.part_options:
        if part.part not in without:
            yield _part_option(part)


def _option(one: Setting, help: str, default: str) -> Parameter:
    kind: Any = bool if one.kind is bool else list[str] | None if one.again else str | None
    shown = "" if one.kind is bool or default in ("", "none") else f"  [default: {default}]"
    # The first is its name; further ones are other spellings.
    info = typer.Option(
        one.option,
        *one.options,
        metavar=None if one.kind is bool else one.metavar,
        help=help + shown,
        show_default=False,
    )
    usual = False if one.kind is bool else None
    return Parameter(one.name, Parameter.KEYWORD_ONLY, default=usual, annotation=Annotated[kind, info])


def _argument(one: Setting, help: str) -> Parameter:
    info = typer.Argument(metavar=one.metavar, help=help, show_default=False)
    return Parameter(one.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, info])


def _part_option(part: PartOption) -> Parameter:
    info = typer.Option(part.option, metavar=part.metavar, help=part.help, show_default=False)
    return Parameter(
        _name(part), Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, info]
    )


def _name(part: PartOption) -> str:
    return part.option.lstrip("-").replace("-", "_")


def _texts(
    chosen: Sequence[Setting],
    values: Mapping[str, Any],
    several: Collection[str],
    defaults: Mapping[str, str],
    topology: str = "",
    kind: str = COLLECTIVES,
) -> Texts:
    """What the options and ``--set`` say together, of ``topology`` too where no option names it."""
    from sims.settings.assignments import overridden, read_assignments, split_values
    from sims.settings.suited import suited
    from sims.settings.texts import field_of

    given: dict[str, list[str]] = {}
    said = set()
    for one in chosen:
        text = _given(one, values)
        if text is not None:
            said.add(one.name)
            _require_some(one, text, kind)
        elif one.name == "topology":
            text = named(values, defaults.get("topology"))
        else:
            text = defaults.get(one.name, one.default)
        given[one.name] = split_values(text) if one.name in several else [text]
    if values.get("skip_unrouted"):
        given["routing"] = _skipping(given["routing"])
        said.add("routing")
    if topology:
        given["topology"] = [topology]
    for key, changes in read_assignments(values["sets"] or ()):
        if (name := field_of(key, kind)) in said:
            rule = f"{name} is said already, before --set: say it once"
            raise ParameterError("--set", f"{key}={','.join(changes)}", rule)
    found = overridden(given, values["sets"] or (), several, kind)
    said |= {name for name in found if found[name] != ",".join(given[name])}
    texts = Texts(suited(found, said) if "topology" in found else found)
    texts.said = frozenset(said)
    _check_packet(texts, values)
    return texts


def _skipping(policies: Sequence[str]) -> list[str]:
    """The texts of policies, those of tables with D-Mod-K for what these leave open."""
    tables = "static:"
    if not any(text.startswith(tables) for text in policies):
        rule = "goes with --routing static:file=..., whose tables may lack a way"
        raise ParameterError("--skip-unrouted", ", ".join(policies), rule)
    return [
        text.replace(tables, f"{tables}unrouted=dmodk,", 1)
        if text.startswith(tables) and "unrouted=" not in text
        else text
        for text in policies
    ]


def _require_some(one: Setting, text: str, kind: str) -> None:
    """Refuse an empty text, which would go as the default: most often it is a variable that is not set."""
    if not text.strip():
        from sims.settings.table import spelled

        spelled(one.name, text, kind)  # which says better what is legal, if it does
        raise ParameterError(one.option, text, "empty: a value is needed (--help says which)")


def _given(one: Setting, values: Mapping[str, Any]) -> str | None:
    """The text that the options of one setting make; None where none of them is given."""
    value = values.get(one.name) if one.help and one.name != "topology" else None
    if one.again:
        value = ";".join(value) if value else None
    elif one.kind is bool:
        value = "true" if value else None
    parts = {part: values.get(_name(part)) for part in one.part_options}
    changes = {part.part: text for part, text in parts.items() if text is not None}
    if not changes:
        return None if value is None else str(value)
    return _with_parts(one, None if value is None else str(value), changes)


def _with_parts(one: Setting, text: str | None, changes: dict[str, str]) -> str:
    from fabric.words.grammar import write_named

    name, given = one.taken_apart(one.part_base if text is None else text)
    name = changes.pop(one.head_part, name)
    if text is not None and changes and not one.parts(text):
        one.spell(text)  # what is nothing at all is refused first
        part, value = next(iter(changes.items()))
        raise ParameterError(f"{one.name}: {part}", value, f"{one.name} {text} has no such part")
    return write_named(name, given | changes)


def _check_packet(texts: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Refuse settings of the packet model where another engine runs."""
    if not texts.get("packet") or texts.get("engine") == "packet":
        return
    for part in SETTINGS["packet"].part_options:
        if values.get(_name(part)) is not None:
            rule = f"an option of --engine packet, not of {texts['engine']}"
            raise ParameterError(part.option, values[_name(part)], rule)
    rule = f"a setting of --engine packet, not of {texts['engine']}"
    raise ParameterError("--set packet", texts["packet"].lstrip(":"), rule)
