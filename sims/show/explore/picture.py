"""The picture of a fabric on a page, as data: its parts, and the use of the cables of each by each run.
Runs nothing."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.words.counted import counted
from fabric.words.units import format_rate
from sims.show.explore.controls import Control, place
from sims.studies.explore.use import Picture, Use

__all__ = ["picture_data"]

_STEPS = 65_534  # of the largest use; one more says that a part has no cables
_NONE = 65_535


def picture_data(pictures: Sequence[Picture], made: Sequence[Control]) -> list[dict[str, Any]]:
    """Of each topology its parts and the use by each run.

    ``runs``: the places on the ``made`` controls, -1 on that of the size, of which the use is a multiple;
    ``most``: seconds at full rate per byte of the message where the numbers of ``use`` are largest, which
    are 16 bits each, the mean of every part and then the peaks.
    """
    return [_one(picture, made) for picture in pictures]


def _one(picture: Picture, made: Sequence[Control]) -> dict[str, Any]:
    layers = picture.layers
    number = {one.key: {value: i for i, (value, _) in enumerate(one.values)} for one in made}
    runs = []
    for use in picture.uses:
        at = [
            -1 if control.key == "size_bytes" else number[control.key][place(use.scenario, control.key)]
            for control in made
        ]
        most = float(np.nanmax(use.peak, initial=0.0, where=~np.isnan(use.peak))) or 1.0
        lost = [
            [int(i), int(layers.cables[i] - use.cables[i])]
            for i in np.flatnonzero(layers.cables > use.cables)
        ]
        runs.append({"at": at, "most": most, "use": _packed(use, most), "lost": lost})
    heads = [counted(count, name) if name else "" for count, name in zip(layers.switches, layers.heads)]
    return {
        "name": layers.name,
        "head": counted(*layers.head),
        "top": list(layers.top),
        "kind": list(layers.kind),
        "number": list(layers.number),
        "heads": heads,
        "inside": [list(inside) for inside in layers.inside],
        "holds": list(layers.holds),
        "partner": list(layers.partner),
        "cables": layers.cables.tolist(),
        "rate": [format_rate(float(rate)) if rate else "" for rate in layers.rate],
        "endpoints": layers.endpoints,
        "runs": runs,
    }


def _packed(use: Use, most: float) -> str:
    """The numbers of a use as base64 of 16 bits each, little end first."""

    def steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(np.isnan(values), _NONE, np.round(np.nan_to_num(values) / most * _STEPS))

    both = np.concatenate([steps(use.mean), steps(use.peak)]).astype("<u2")
    return base64.b64encode(both.tobytes()).decode("ascii")
