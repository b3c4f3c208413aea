"""docs/notebook.ipynb: its cells run in order and give what stands under them."""

from __future__ import annotations

import ast
import contextlib
import io
import json
from importlib.util import find_spec
from typing import Any

from matplotlib.figure import Figure
from project import ROOT

NOTEBOOK = json.loads((ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))
FRAMES = bool(find_spec("pandas"))


def run(source: str, names: dict[str, Any]) -> tuple[str, Any]:
    """What a cell prints, and the value of its last line if that is an expression."""
    plain = "".join(line for line in source.splitlines(keepends=True) if not line.startswith("%"))
    tree = ast.parse(plain)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
    return printed.getvalue(), value


def test_every_cell_gives_what_stands_under_it() -> None:
    names: dict[str, Any] = {}
    if FRAMES:  # as wide as in a notebook, whatever terminal the tests have
        import pandas

        pandas.set_option("display.max_columns", 20)
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 6
    for cell in cells:
        source = "".join(cell["source"])
        if "table" in source and not FRAMES:
            print("without pandas the data frame of the notebook is not compared")
            continue
        printed, value = run(source, names)
        outputs = cell["outputs"]
        assert all(output["output_type"] != "error" for output in outputs), source
        shown = "".join("".join(output.get("text", "")) for output in outputs)
        assert printed == shown
        for output in outputs:
            if "image/png" in output.get("data", {}):
                assert isinstance(value, Figure)
            elif output["output_type"] == "execute_result":
                assert repr(value) == "".join(output["data"]["text/plain"]), source
                html = output["data"].get("text/html")
                assert not html or hasattr(value, "_repr_html_")
