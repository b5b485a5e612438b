"""What an axis is: its signatures, their signs, and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import signatures as library
from dtpscore.signatures import USER_AXIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore.signatures import Signature

CONSENSUS = "consensus"
PROLIFERATION = "slow_cycling"
# The axes of the phases of the cell cycle.
PHASES = ("s_phase", "g2m")
# Which way a signature counts in the mean of its axis.
SIGNS = {"with": 1.0, "against": -1.0}


def persister_axes() -> list[str]:
    """Names of the axes that are read as persister mechanisms."""
    return [name for name, axis in library.axes().items() if axis.kind == "persister"]


def nuisance_axes() -> list[str]:
    """Names of the axes that are scored so that confounding can be seen."""
    return [name for name, axis in library.axes().items() if axis.kind == "nuisance"]


def members(signatures: Sequence[Signature]) -> dict[str, list[int]]:
    """Places of the signatures that each axis is made of.

    Optional signatures enter an axis only where no other one of it is given.
    Signatures that are kept for evaluation enter no axis, and neither do those of the
    user, whose axis is not known.

    Parameters
    ----------
    signatures
        The signatures.

    Returns
    -------
    For each axis the places in ``signatures``, in the order of first use.
    """
    found: dict[str, list[int]] = {}
    for place, signature in enumerate(signatures):
        if signature.use != "evaluation" and signature.axis != USER_AXIS:
            found.setdefault(signature.axis, []).append(place)
    chosen = {
        axis: [place for place in places if signatures[place].use != "optional"]
        for axis, places in found.items()
    }
    return {axis: chosen[axis] or places for axis, places in found.items()}


@dataclass(frozen=True)
class AxisMean:
    """The signatures of an axis, turned so that high means more of it.

    Attributes
    ----------
    axis
        Name of the axis.
    columns
        Columns of the signatures it uses; none where no gene of any is in the data.
    signs
        1 or -1 for each.
    """

    axis: str
    columns: list[int]
    signs: list[float]

    def of(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Mean of the signatures for every row of scores (cells, k)."""
        if not self.columns:
            return np.full(len(scores), np.nan, np.float32)
        # One column after another: the same sum for one cell as for many.
        total = np.zeros(len(scores))
        for column, sign in zip(self.columns, self.signs, strict=True):
            total += sign * scores[:, column]
        return (total / len(self.columns)).astype(np.float32)


def axis_means(
    signatures: Sequence[Signature], coverage: pd.DataFrame
) -> tuple[list[AxisMean], pd.DataFrame]:
    """Choose the signatures of each axis, as `members` says.

    Of its members an axis uses those with enough genes. Where none has enough, the
    axis uses those with any gene and is marked low.

    Parameters
    ----------
    signatures
        The k signatures.
    coverage
        Their coverage with the columns ``n_found`` and ``low``.

    Returns
    -------
    The axes, and a frame that says what each is made of.
    """
    import pandas as pd

    low = coverage["low"].to_numpy(dtype=bool)
    present = coverage["n_found"].to_numpy() > 0
    means, rows = [], {}
    for axis, columns in members(signatures).items():
        enough = [column for column in columns if not low[column]]
        used = enough or [column for column in columns if present[column]]
        signs = [SIGNS[signatures[column].orientation] for column in used]
        means.append(AxisMean(axis, used, signs))
        rows[axis] = {
            "n_signatures": len(columns),
            "n_used": len(used),
            "low": not enough,
            "signatures": "; ".join(signatures[column].name for column in used),
        }
    frame = pd.DataFrame.from_dict(
        rows, orient="index", columns=["n_signatures", "n_used", "low", "signatures"]
    )
    return means, frame.rename_axis("axis")
