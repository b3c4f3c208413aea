"""A line of a file that is junk: what every reader says of it names the place, and mostly that very line."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from readers import READERS

from fabric.words.errors import FileFormatError

# Of text that stands in lines. Logs pass over what they do not know: any line may be another program's.
FILES = (
    "node-link", "GraphML", "link CSV", "ibnetdiscover", "DOT", "topology.txt", "GEXF", "GML", "neighbours",
    "InfraGraph", "InfraGraph expanded", "GOAL", "Chakra", "htsim", "NCCL topology", "matrix", "connections",
    "Slurm", "Slurm YAML", "static tables", "iblinkinfo", "forwarding dumps", "fault file", "schedule",
    "sweep", "scenario of jobs", "job", "placement", "traffic",
)  # fmt: skip
PLACE = re.compile(r"(?:\w+ \d+, )?line (\d+)(?:, column \d+)?")
UNKNOWN = re.compile(r"neither |holds no|no table of bytes")  # a file of no format that is known
LINES = 40  # of each file, at most


@pytest.mark.parametrize("name", FILES)
def test_an_error_names_its_place(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    path = tmp_path / reader.name
    seen: Counter[str] = Counter()
    for seed in reader.seeds(tmp_path)[:2]:
        lines = seed.split(b"\n")
        for i in range(0, len(lines), max(1, len(lines) // LINES)):
            if not lines[i].strip():
                continue
            path.write_bytes(b"\n".join([*lines[:i], b"@@ junk @@", *lines[i + 1 :]]))
            try:
                reader.read(str(path))
            except FileFormatError as error:
                match = PLACE.fullmatch(error.where)
                assert match or UNKNOWN.match(error.problem), (i + 1, str(error))
                assert error.problem
                if match:
                    assert 1 <= int(match[1]) <= len(lines), (i + 1, str(error))
                    seen["here" if int(match[1]) == i + 1 else "elsewhere"] += 1
    if name in ("GEXF", "GML", "NCCL topology", "GraphML"):  # of one line, or where tags nest: further down
        return
    assert seen["here"] > seen["elsewhere"], seen


def test_bytes_that_are_no_text_are_told_by_number(tmp_path: Path) -> None:
    """The 12th byte of the second line, far behind what is read at once."""
    first = b"source,target,source_kind,target_kind,source_tier,target_tier,rate_Gbps,delay_s\n"
    path = tmp_path / "g.csv"
    many = b"".join(b"%d,s,gpu,switch,0,1,400,0\n" % i for i in range(5_000))
    path.write_bytes(first + many + b"0,s,gpu,swi\xfftch,0,1,400,0\n")
    with pytest.raises(FileFormatError, match=f"byte {len(first + many) + 12} is not UTF-8"):
        READERS["link CSV"].read(str(path))
