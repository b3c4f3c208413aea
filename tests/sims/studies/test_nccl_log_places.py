"""Where a wrong number of a log stands: as an editor counts in the file, whatever was put around it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_nccl_log import as_json, as_records
from test_nccl_log_forms import FORMS, LOG

from fabric.machine.json_ways import json_index
from fabric.words.errors import FileFormatError
from fabric.words.place import place_in
from sims.studies.nccl_log import read_nccl
from sims.studies.nccl_log.clean import LogText

WRONG = {"42.61": "92.61", "79.49": "29.49", "9729.77": "NaN", "119.78": "inf"}  # busbw, algbw, time, busbw


def seen(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        read_nccl(path)
    return caught.value.where


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", WRONG)
def test_a_wrong_number_stands_where_an_editor_shows_it(form: str, number: str, tmp_path: Path) -> None:
    text = FORMS[form](LOG.replace(number, WRONG[number]))
    if WRONG[number] not in text:
        pytest.skip("the number is broken over two lines")
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    line = next(i for i, one in enumerate(lines) if WRONG[number] in one)
    due = f"line {line + 1}, column {lines[line].index(WRONG[number]) + 1}"
    assert seen(tmp_path / "nccl.log", text.encode()) == due


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_line_ends_and_encodings_change_no_place(newline: str, encoding: str, tmp_path: Path) -> None:
    text = LOG.replace("\n", newline).replace("42.61", "92.61").replace("node-17", "n\u00f6de-17")
    assert seen(tmp_path / "nccl.log", text.encode(encoding)) == "line 16, column 73"


def test_characters_that_json_writes_as_several_are_counted_as_written(tmp_path: Path) -> None:
    lines = [json.dumps({"n": 1, "log": f'\u00e9\U0001f600\t"\\{line}\n'}) for line in LOG.splitlines()]
    text = "\n".join(lines).replace("42.61", "92.61")
    assert r"\ud83d\ude00\t\"\\" in text
    assert seen(tmp_path / "nccl.log", text.encode()) == place_in(text, text.index("92.61"))


def test_every_character_that_is_kept_is_found_again() -> None:
    raw = "\x1b[1mone\x1b[0m two\u200b\x07 three\x1b]0;title\x07\r\nfour\x1b\n\x1b]8;;open\nfive"
    log = LogText("a.log", raw)
    assert log.text.split() == ["one", "two", "three", "four", "five"]
    own = raw.replace("\r\n", "\n")
    kept = [i for i, mark in enumerate(log.text) if mark.isalpha()]
    for index in kept:
        line, column = map(int, re.findall(r"\d+", log.place_of(index)))
        assert own.split("\n")[line - 1][column - 1] == log.text[index]


WAYS = [
    (("results", 1, "out_of_place", "bus_bw"), 99.0),
    (("results", 1, "in_place", "alg_bw"), 99.0),
    (("results", 0, "in_place", "time"), -1.0),
    (("results", 0, "size"), "x"),
    (("results", 1), []),
    (("results", 1, "in_place"), 7),
    (("config", "ngpus"), 0),
    (("args", 0), "x/no_such_perf"),
]


@pytest.mark.parametrize(("way", "value"), WAYS, ids=[str(way) for way, _ in WAYS])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_wrong_value_of_json(
    way: tuple[str | int, ...], value: object, indent: int | None, tmp_path: Path
) -> None:
    record = as_json()
    inner = record
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = value
    text = json.dumps(record, indent=indent)
    assert seen(tmp_path / "n.json", text.encode()).endswith(place_in(text, json_index(text, way)))


@pytest.mark.parametrize("key", ["busBw", "algBw", "time", "size", "ranks", "name"])
def test_a_wrong_value_of_a_record(key: str, tmp_path: Path) -> None:
    records = [as_records(2**20, 30.25), as_records(2**30, 5766.25)]
    number = 0 if key == "ranks" else 1
    records[number][key] = "x1"
    text = json.dumps(records, indent=1)
    due = place_in(text, json_index(text, (number, key)))
    assert seen(tmp_path / "n.json", text.encode()) == f"[{number}], {due}"
    lines = [",".join(map(str, record.values())) for record in records]
    column = lines[number].index("x1") + 1
    table = "\n".join([",".join(records[0]), *lines])
    assert seen(tmp_path / "n.csv", table.encode()) == f"line {number + 2}, column {column}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("coll_exec_time_us", -3),
        ("coll_algobw_gbs", 8000.5),
        ("coll_msg_size_bytes", "x"),
        ("n_ranks", 0),
        ("rank", 9),
        ("coll", "NoSuch"),
    ],
)
def test_a_wrong_value_of_the_inspector(key: str, value: object, tmp_path: Path) -> None:
    perf = {"coll": "AllReduce", "coll_sn": 1, "coll_msg_size_bytes": 8000000, "coll_exec_time_us": 100}
    records = [
        {"header": {"id": "0x7f", "rank": rank, "n_ranks": 2}, "coll_perf": {**perf, "coll_algobw_gbs": 80.0}}
        for rank in range(2)
    ]
    for table in records if key == "coll" else records[1:]:
        part = "header" if key in table["header"] else "coll_perf"
        table[part][key] = value  # type: ignore[index]
    text = "\n".join(map(json.dumps, records))
    written = f'"{key}": {json.dumps(value)}'
    due = place_in(text, text.index(written) + len(f'"{key}": '))
    assert seen(tmp_path / "n.log", text.encode()) == due


def test_halves_of_characters_can_be_told(tmp_path: Path) -> None:
    records = [as_records(2**20, 30.25), as_records(2**30, 5766.25, name="\ud800")]
    (tmp_path / "n.json").write_text(json.dumps(records))
    with pytest.raises(FileFormatError, match=r"holds several collectives: \?, AllReduce") as caught:
        read_nccl(tmp_path / "n.json")
    assert str(caught.value).encode()
    (tmp_path / "j.json").write_text(json.dumps(as_json() | {"nccl_version": "\ud800"}))
    assert read_nccl(tmp_path / "j.json").version == "NCCL ?"
