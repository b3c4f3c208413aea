"""Setting: one thing that a user can set, with all that anybody asks of it. Knows no other setting.

Whatever takes long to import is imported by the functions of a setting, so that the command line can make
its options without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from os import PathLike
from typing import TYPE_CHECKING, Any

from fabric.words.errors import ParameterError
from fabric.words.grammar import read_named
from fabric.words.units import parse_count

if TYPE_CHECKING:
    from fabric import Fabric

__all__ = ["PartOption", "Setting", "whole_number"]


@dataclass(frozen=True, kw_only=True)
class PartOption:
    """An option of the command line for one ``part`` of a setting. ``option``: with its dashes."""

    option: str
    part: str
    metavar: str
    help: str


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One thing that determines a result and that a user can set.

    Attributes:
        name: the user's word for it, everywhere.
        place: settings stand in this order, in rows too; a new one comes last.
        default: its text where nobody says otherwise.
        help, metavar: of its option; ``{names}`` in ``help`` stands for what ``listed`` says.
        suited: its text where nobody says otherwise, on a topology of this text; "" where it is ``default``.
        choices: the legal names, where these are all; ``listed``: the names in a line of help.
        options: further spellings of its option.
        again: its option may be given again; the texts are joined by semicolons.
        part_options: options for parts of it, and ``part_base``: what they are parts of where only they are
            given; ``head_part``: the part that stands before the colon. With an empty ``help`` these are
            all the options that it has.
        spell: the one spelling of a text, after every check that needs no fabric. Raises ParameterError.
        value: what Python takes, of a text in its one spelling.
        parts: the names of the parts that what a text names can have, with the texts of their defaults where
            they can be named (else None); none where it names nothing.
        all_parts: the parts that any text can have.
        apart: a text as what it names and the texts of the parts that it gives.

        column: its column in rows, if not its name; ``kind``: the type there; ``least`` and ``below``: the
            range of a number.
        usual: what a scenario means that does not say it, if not ``default``; ``required``: each says it.
        later: it came after rows had been written: at ``usual`` it is no cause, so that keys stay.
        digest: the column with the hash of what its file holds, if it can name one; ``unnamed``: its text
            without the path, as a file counts by its contents.

        of: the one command whose own it is (``goodput``), or "" where collectives have it.
        of_flows: plain flows have it, too.
        noun, nouns: what it is called in a sentence, one and several; ``words``: a value such that it can
            stand alone, in a title or a legend; ``label`` and ``scale``: of an axis, "" where its values are
            words; ``ticks``: what they are (``size``, ``time``, ``number``).
        on_fabric: what it does to a healthy fabric before any fault strikes it; None where it does nothing.
    """

    name: str
    place: int = 1000
    default: str
    help: str
    metavar: str = "VALUE"
    suited: Callable[[str], str] = field(default=lambda topology: "")
    choices: Callable[[], Iterable[str]] = tuple
    listed: Callable[[], str] | None = None
    options: tuple[str, ...] = ()
    again: bool = False
    part_options: tuple[PartOption, ...] = ()
    part_base: str = ""
    head_part: str = ""
    spell: Callable[[str], str] = str.strip
    value: Callable[[str], Any] = str
    parts: Callable[[str], Mapping[str, str | None]] = field(default=lambda text: {})
    all_parts: Callable[[], Iterable[str]] = tuple
    apart: Callable[[str], tuple[str, dict[str, str]]] | None = None

    column: str = ""
    kind: Any = str
    usual: Any = None
    required: bool = False
    least: int | None = None
    below: int | None = None
    later: bool = True
    digest: str = ""
    unnamed: Callable[[str], str] = str

    of: str = ""
    of_flows: bool = True
    noun: str = ""
    nouns: str = ""
    words: Callable[[Any], str] | None = None
    label: str = ""
    scale: str = "linear"
    ticks: str = "number"
    on_fabric: Callable[[Fabric, str], Fabric] | None = None

    @property
    def field(self) -> str:
        """Its column in rows, which is its name in a Scenario."""
        return self.column or self.name

    @property
    def names(self) -> str:
        """The legal names in a line of help."""
        return self.listed() if self.listed else ", ".join(self.choices())

    @property
    def option(self) -> str:
        """The option of the command line."""
        return f"--{self.name.replace('_', '-')}"

    def in_words(self, value: Any) -> str:
        """A value as a title or legend says it: by its name and value where ``later``, else by its value."""
        if self.words:
            return self.words(value)
        return f"{self.name.replace('_', ' ')} {value}" if self.later else str(value)

    @property
    def has_parts(self) -> bool:
        return bool(tuple(self.all_parts()))

    def taken_apart(self, text: str) -> tuple[str, dict[str, str]]:
        """What ``text`` names, and the texts of the parts that it gives; of a setting without parts the text.

        Raises:
            ParameterError: a part is not key=value.
        """
        if self.apart:
            return self.apart(text)
        if not self.has_parts:
            return text.strip(), {}
        return read_named(self.name, text)

    def text_of(self, given: Any) -> str:
        """The text that a value of Python stands for: a truth, a number (whole ones may be floats, as pandas
        has them), None where it is at its default, a list where its option may be given again.

        Raises:
            ParameterError: anything else, or a number that is not finite.
        """
        if self.again and isinstance(given, list | tuple):
            return ";".join(map(self.text_of, given)) or self.default
        plain = getattr(given, "item", None)  # numbers of NumPy
        value = plain() if plain and not getattr(given, "ndim", 0) else given
        if value is None:
            return self.default
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float):
            if not isfinite(value):
                raise ParameterError(self.name, value, "a finite number")
            return str(int(value)) if value.is_integer() else repr(value)
        if isinstance(value, str | int | PathLike):
            return str(value)
        rule = "a list, text or a number" if self.again else "one value, as text or a number"
        raise ParameterError(self.name, given, f"{rule}, as on the command line")

    def checked(self, given: Any) -> Any:
        """The value that Python gave, read as the text that it stands for.

        Raises:
            ParameterError: of another type, or illegal.
        """
        return self.value(self.spell(self.text_of(given)))


def whole_number(name: str, least: int, rule: str) -> Callable[[str], str]:
    """The ``spell`` of a setting that is a whole number from ``least``, below 2^63."""

    def huge(plain: str, value: int | None) -> bool:
        return value >= 2**63 if value is not None else plain.isdigit() and len(plain) > 19

    def spell(text: str) -> str:
        plain = text.strip()
        value = int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 20 else parse_count(plain)
        if value is None or not least <= value < 2**63:
            raise ParameterError(name, text, "a whole number below 2^63" if huge(plain, value) else rule)
        return str(value)

    return spell


def one_of(name: str, choices: Sequence[str], rule: str) -> Callable[[str], str]:
    """The ``spell`` of a setting that is one of a few words."""

    def spell(text: str) -> str:
        if text.lower() not in choices:
            raise ParameterError(name, text, rule, choices)
        return text.lower()

    return spell
