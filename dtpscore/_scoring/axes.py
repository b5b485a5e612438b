"""Average signature scores into axes."""

from __future__ import annotations

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


def axis_scores(
    scores: NDArray[np.floating[Any]],
    signatures: Sequence[Signature],
    coverage: pd.DataFrame,
) -> tuple[dict[str, NDArray[np.float32]], pd.DataFrame]:
    """Average the signatures of each axis, turned so that high means more of it.

    Optional signatures enter an axis only where none of its other signatures is
    scored. Of these an axis uses the ones with enough genes; where none has enough,
    those with any gene, and the axis is marked low. Signatures kept for evaluation,
    and those whose axis is not known, enter no axis.

    Parameters
    ----------
    scores
        (cells, k), columns in the order of ``signatures``.
    signatures
        The k signatures.
    coverage
        Their coverage with the columns ``n_found`` and ``low``.

    Returns
    -------
    One float32 vector an axis, and a frame that says what each was made of.
    """
    import pandas as pd

    low = coverage["low"].to_numpy(dtype=bool)
    present = coverage["n_found"].to_numpy() > 0
    values, rows = {}, {}
    for axis, columns in _members(signatures).items():
        enough = [column for column in columns if not low[column]]
        used = enough or [column for column in columns if present[column]]
        if used:
            signs = [1.0 if signatures[c].orientation == "with" else -1.0 for c in used]
            mean = (scores[:, used] * np.asarray(signs)).mean(axis=1)
        else:
            mean = np.full(len(scores), np.nan)
        values[axis] = mean.astype(np.float32)
        rows[axis] = {
            "n_signatures": len(columns),
            "n_used": len(used),
            "low": not enough,
            "signatures": "; ".join(signatures[column].name for column in used),
        }
    frame = pd.DataFrame.from_dict(
        rows, orient="index", columns=["n_signatures", "n_used", "low", "signatures"]
    )
    return values, frame.rename_axis("axis")
