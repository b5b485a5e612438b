"""Average signature scores into axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore.signatures import USER_AXIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore.signatures import Signature


def _members(signatures: Sequence[Signature]) -> dict[str, list[int]]:
    """Columns of the signatures that an axis is made of."""
    found: dict[str, list[int]] = {}
    for column, signature in enumerate(signatures):
        if signature.use != "evaluation" and signature.axis != USER_AXIS:
            found.setdefault(signature.axis, []).append(column)
    chosen = {
        axis: [column for column in columns if signatures[column].use != "optional"]
        for axis, columns in found.items()
    }
    return {axis: chosen[axis] or columns for axis, columns in found.items()}


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
    """Choose the signatures of each axis.

    Optional signatures enter an axis only where none of its other signatures is
    scored. Of these an axis uses the ones with enough genes; where none has enough,
    those with any gene, and the axis is marked low. Signatures kept for evaluation,
    and those whose axis is not known, enter no axis.

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
    for axis, columns in _members(signatures).items():
        enough = [column for column in columns if not low[column]]
        used = enough or [column for column in columns if present[column]]
        signs = [1.0 if signatures[c].orientation == "with" else -1.0 for c in used]
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
