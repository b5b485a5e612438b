"""Average signature scores into axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._keys import is_taken
from dtpscore.signatures import USER_AXIS, axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore.signatures import Signature


# With more own signatures than this, obs would be full of them.
MOST_OWN = 100


def _own_axes(signatures: Sequence[Signature]) -> dict[str, list[int]]:
    """Own signatures, each an axis of its own; none where there are very many.

    The name of the axis is that of the signature. ``own_`` is put before it where a shipped
    axis or the column of another step is called so, whether it is there or not, so
    that the name of a column does not depend on what else was done.
    """
    own = [n for n, one in enumerate(signatures) if one.axis == USER_AXIS]
    if len(own) > MOST_OWN:
        return {}
    found: dict[str, list[int]] = {}
    for column in own:
        name = signatures[column].name
        while name in axes() or is_taken(name) or name in found:
            name = f"own_{name}"
        found[name] = [column]
    return found


def _members(signatures: Sequence[Signature]) -> dict[str, list[int]]:
    """Columns of the signatures that a shipped axis is made of."""
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
    those with any gene, and the axis is marked low. Signatures kept for evaluation
    enter no axis. An own signature, whose axis is not known, is an axis by itself.

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
    own = _own_axes(signatures)
    for axis, columns in {**_members(signatures), **own}.items():
        enough = [column for column in columns if not low[column]]
        used = enough or [column for column in columns if present[column]]
        signs = [1.0 if signatures[c].orientation == "with" else -1.0 for c in used]
        means.append(AxisMean(axis, used, signs))
        rows[axis] = {
            "n_signatures": len(columns),
            "n_used": len(used),
            "low": not enough,
            "signatures": "; ".join(signatures[column].name for column in used),
            "own": axis in own,
        }
    columns_of_frame = ["n_signatures", "n_used", "low", "signatures", "own"]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns_of_frame)
    return means, frame.rename_axis("axis")
