"""A wrong value in a file of settings: the error names its place. Every reader of TOML, every value."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))
from readers import READERS
from toml_leaves import leaves

from fabric.machine.toml_ways import TomlWays, Way
from fabric.words.errors import FabricsimError
from fabric.words.place import place_in

# What other values refer to, so that one of these is the wrong one; and texts that may be anything.
FREE = {
    "schedule": (),
    "sweep": ("title", "topology"),
    "scenario of jobs": ("name", "topology"),
    "job": ("name", "topology"),
    "profile": ("about", "calibration"),
    "prices": ("as_of", "currency", "source"),
}


def changed(text: str, way: Way, value: Any) -> str:
    """The text with an illegal value in place of the one at ``way``: of its own type, then of another."""
    index = TomlWays(text).index(way)
    if isinstance(value, str):
        end = index + len(value)
        assert text[index:end] == value, "no escapes in these files"
        return f"{text[:index]}@@{text[end:]}"
    match = re.compile(r"[^\s,\]}]+").match(text, index)
    assert match
    return f"{text[:index]}-7.25{text[match.end() :]}"


def said(name: str, text: str, folder: Path) -> str | None:
    path = folder / READERS[name].name
    path.write_text(text, encoding="utf-8", newline="")
    try:
        READERS[name].read(str(path))
    except FabricsimError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", FREE)
def test_an_error_names_the_place_of_a_wrong_value(name: str, tmp_path: Path) -> None:
    noticed = free = 0
    for seed in READERS[name].seeds(tmp_path):
        text = "\t# \u00e9\n" + seed.decode()
        for way, value in leaves(tomllib.loads(text)):
            error = said(name, changed(text, way, value), tmp_path)
            if any(step in FREE[name] for step in way):
                free += 1
            elif error is not None:
                noticed += 1
                assert place_in(text, TomlWays(text).index(way)) in error, (way, error)
    assert noticed > 2 * free


@pytest.mark.parametrize("name", FREE)
def test_an_error_names_the_place_of_an_unknown_key(name: str, tmp_path: Path) -> None:
    """And not that of its value: the key is wrong."""
    for seed in READERS[name].seeds(tmp_path):
        text = "\n" + seed.decode()
        for way in (way for way, _ in leaves(tomllib.loads(text)) if isinstance(way[-1], str)):
            index = TomlWays(text).index(way, of_key=True)
            quoted = text[index] in "\"'"
            if text[index + quoted :].startswith(str(way[-1])) and not any(s in FREE[name] for s in way[:-1]):
                error = said(name, text[: index + quoted] + "zz" + text[index + quoted :], tmp_path)
                if error is not None and "zz" in error and "is needed" not in error:
                    assert place_in(text, index) in error, (way, error)
