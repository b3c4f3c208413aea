"""Files appear whole or not at all, and what is written is read back."""

from __future__ import annotations

import builtins
import csv
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from fabric.words.errors import FabricsimError, FileFormatError, ParameterError
from sims.scenario.files import (
    ROW_FORMATS,
    check_writable,
    read_records,
    records_text,
    replaced,
    write_columns,
    write_records,
)
from sims.scenario.parquet import has_parquet

RECORDS = [
    {"name": 'a "quoted", name', "size": 8, "time": 0.1},
    {"name": "b\nc \u2028 d", "size": 2**40, "time": 1e-9},
]
as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def as_text(record: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in record.items()}


@pytest.mark.parametrize("ending", ROW_FORMATS)
def test_what_is_written_is_read_back(tmp_path: Path, ending: str) -> None:
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"rows{ending}"
    write_records(path, RECORDS)
    expected = list(map(as_text, RECORDS)) if ending == ".csv" else RECORDS
    assert read_records(path) == expected
    if ending != ".parquet":
        assert path.read_text(encoding="utf-8") == records_text(RECORDS, ending)
    columns = {key: [record[key] for record in RECORDS] for key in RECORDS[0]}
    write_columns(tmp_path / f"columns{ending}", columns)
    assert (tmp_path / f"columns{ending}").read_bytes() == path.read_bytes()


def test_raw_line_separators_inside_a_line_of_json_are_no_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": "x\u2028y"}\r\n\n', encoding="utf-8")
    assert read_records(tmp_path / "a.jsonl") == [{"a": "x\u2028y"}]


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("old")
    with pytest.raises(type(error)), replaced(path) as file:
        file.write("half")
        raise error
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["rows.csv"]


def test_a_full_disk_is_an_error_of_ours(tmp_path: Path) -> None:
    with (
        pytest.raises(FabricsimError, match=r"rows\.csv: cannot be written: No space"),
        replaced(tmp_path / "rows.csv"),
    ):
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_is_written_as_it_is() -> None:
    write_records("/dev/null", RECORDS)
    assert Path("/dev/null").is_char_device()
    with pytest.raises(FabricsimError, match=r"/dev/full: cannot be written: No space"):
        write_records("/dev/full", RECORDS)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    write_records(tmp_path / "link.csv", RECORDS)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == records_text(RECORDS, ".csv")


def test_a_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_records(tmp_path / "rows.csv", RECORDS)
    assert (tmp_path / "rows.csv").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_no_folder_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(FabricsimError, match=r"rows\.csv: cannot be written: No such file"),
        replaced(tmp_path / "none" / "rows.csv"),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rows.txt", r"--out: '.*rows\.txt': the ending .* \(.*\.csv, \.json, \.jsonl, \.parquet\)"),
        ("rows", r"--out: '.*rows': the ending"),
        ("folder.csv", r"--out: '.*folder\.csv': is a folder"),
        ("none/rows.csv", r"--out: '.*rows\.csv': the folder .*none does not exist"),
    ],
)
def test_what_cannot_be_written_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)  # a long path would be cut in the middle
    Path("folder.csv").mkdir()
    with pytest.raises(ParameterError, match=message):
        check_writable(Path(name), "--out", ROW_FORMATS)


@pytest.mark.parametrize("forbidden", ["", "rows.csv"])
def test_permissions_are_looked_at_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forbidden: str
) -> None:
    (tmp_path / "rows.csv").touch()
    check_writable(tmp_path / "rows.csv", "--out", ROW_FORMATS)
    no = tmp_path / forbidden
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != no.resolve())
    with pytest.raises(ParameterError, match="may not be written to"):
        check_writable((tmp_path / "rows.csv").resolve(), "--out", ROW_FORMATS)


def test_whether_a_folder_takes_files_is_tried_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mode does not tell: of a file system that makes none, such as that of processes."""
    check_writable(tmp_path / "rows.csv", "--out", ROW_FORMATS)
    assert not list(tmp_path.iterdir())

    def refused(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    with pytest.raises(ParameterError, match="cannot be written to: Read-only file system"):
        check_writable(tmp_path / "rows.csv", "--out", ROW_FORMATS)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "a,b\n1,2\n3\n", r"a\.csv: record 2, line 3, column 2: is cut off"),
        ("a.csv", "a,b\n1,2,3\n", r"record 1, line 2, column 5: is cut off or not a row"),
        ("a.csv", 'a,b\n1,"2', r"is not CSV: unexpected end of data"),
        ("a.csv", "a,b\n", r"holds no rows"),
        ("a.csv", "", r"holds no rows"),
        ("a.json", '[{"a": 1}, {"a"', r"is not JSON: Expecting"),
        ("a.json", '{"a": 1}', r"record 1, line 1, column 1: is cut off or not a row"),
        ("a.json", "5", r"record 1, line 1, column 1: is cut off or not a row"),
        ("a.json", "[" * 100_000, r"is not JSON"),
        ("a.json", "[]", r"holds no rows"),
        ("a.jsonl", '{"a": 1}\n{"a": ', r"line 2, column 7: is not JSON: Expecting"),
        ("a.jsonl", '{"a": 1}\n[2]\n', r"record 2, line 2, column 1: is cut off or not a row"),
        ("a.jsonl", "", r"holds no rows"),
        ("a.csv", b"\xff", r"cannot be read: byte 1 is not UTF-8 text"),
    ],
)
def test_torn_files_are_refused(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FileFormatError, match=message):
        read_records(tmp_path / name)


def test_missing_files_and_unknown_endings(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.csv: cannot be read: No such file"):
        read_records(tmp_path / "none.csv")
    with pytest.raises(
        ParameterError, match=r"rows: '.*a\.txt': the ending .* \(.*\.csv, \.json, \.jsonl, \.parquet\)"
    ):
        read_records(tmp_path / "a.txt")


def test_parquet_holds_what_csv_holds_and_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "rows.parquet"
    write_records(path, [{"n": 1, "x": 0.1, "deep": {"a": [1]}}, {"n": None, "x": None, "deep": None}])
    assert read_records(path) == [
        {"n": 1, "x": 0.1, "deep": '{"a": [1]}'},
        {"n": None, "x": None, "deep": None},
    ]
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(FileFormatError, match=r"rows.parquet: is not PARQUET: "):
        read_records(path)
    monkeypatch.setattr("sims.scenario.parquet.find_spec", lambda name: None)
    for use in (lambda: read_records(path), lambda: check_writable(path, "--out", ROW_FORMATS)):
        with pytest.raises(
            FabricsimError, match=r"rows.parquet: Parquet needs the extra \[parquet\]: python -m pip"
        ):
            use()


@pytest.mark.parametrize(
    ("content", "lost"),
    [
        (b'{"a": 1}\n{"a": 2}\n{"a"', [3]),
        (b'{"a": 1}\n{"a"\n{"a": 2}', [2]),
        (b'{"a": \xff}\n{"a": 1}\n\0\0\n\n{"a": 2}\n', [1, 3]),
    ],
)
def test_a_line_that_is_damaged_is_left_out_where_asked(
    tmp_path: Path, content: bytes, lost: list[int]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    damaged: list[int] = []
    assert read_records(path, damaged=damaged) == [{"a": 1}, {"a": 2}]
    assert damaged == lost
    with pytest.raises(FileFormatError, match=rf"line {lost[0]}, column \d+: is not JSON"):
        read_records(path)


TEXTS = ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "'=1", "''-x", "'quoted", "a=b", "", "-"]


def test_no_text_of_a_row_is_a_formula_to_a_spreadsheet(tmp_path: Path) -> None:
    """Escaped in the file, exactly the same when read; numbers stay numbers, negative ones too."""
    records = [{"text": text, "number": number} for text, number in zip(TEXTS, [-1, -0.5, -1e-300] * 4)]
    write_records(path := tmp_path / "rows.csv", records)
    columns = {key: [record[key] for record in records] for key in ("text", "number")}
    write_columns(tmp_path / "columns.csv", columns)
    with open(path, encoding="utf-8", newline="") as file:
        cells = list(csv.reader(file))[1:]
    assert [text for text, _ in cells if text[:1] in tuple("=+-@\t\r")] == []
    assert [float(number) for _, number in cells] == columns["number"]
    assert all(number.startswith("-") for _, number in cells)
    for name in ("rows.csv", "columns.csv"):
        found = read_records(tmp_path / name)
        assert found == list(map(as_text, records))


def test_pyarrow_that_does_not_fit_is_named_with_both_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pyarrow built for NumPy 2 beside 1.26, or the reverse: it is there and fails while it loads."""
    pytest.importorskip("pyarrow")
    loads = builtins.__import__

    def fails(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise AttributeError("_ARRAY_API not found\nwhile loading")
        return loads(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fails)
    assert not has_parquet()
    rule = r"\(pyarrow [\d.]+, numpy [\d.]+: cannot be loaded: _ARRAY_API not found while loading\)$"
    with pytest.raises(FabricsimError, match=rule) as caught:
        check_writable(tmp_path / "a.parquet", "--out", ROW_FORMATS)
    assert "\n" not in str(caught.value)
