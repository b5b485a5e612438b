"""What an axis is: its signatures, their signs, and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import signatures as library
from dtpscore._keys import is_taken
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

# With more own signatures than this, obs would be full of them.
MOST_OWN = 50


def persister_axes() -> list[str]:
    """Names of the axes that are read as persister mechanisms."""
    return [name for name, axis in library.axes().items() if axis.kind == "persister"]


def nuisance_axes() -> list[str]:
    """Names of the axes that are scored so that confounding can be seen."""
    seen = ("nuisance", "ambiguous")
    return [name for name, axis in library.axes().items() if axis.kind in seen]


def members(signatures: Sequence[Signature]) -> dict[str, list[int]]:
    """Places of the signatures that each axis is made of.

    Optional signatures enter an axis only where no other one of it is given.
    Signatures that are kept for evaluation enter no axis. Those of the user are in
    `own_axes`.

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


def own_axes(signatures: Sequence[Signature]) -> dict[str, list[int]]:
    """Own signatures, each an axis by itself; none where there are very many.

    The name of the axis is that of the signature. ``own_`` is put before it where a
    shipped axis or the column of another step is called so, whether it is there or
    not, so that the name of a column does not depend on what else was done.
    """
    own = [n for n, one in enumerate(signatures) if one.axis == USER_AXIS]
    if len(own) > MOST_OWN:
        return {}
    found: dict[str, list[int]] = {}
    for column in own:
        name = signatures[column].name
        while name in library.axes() or is_taken(name) or name in found:
            name = f"own_{name}"
        found[name] = [column]
    return found


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


def axis_values(
    axes: Sequence[AxisMean], scores: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    """Mean of the signatures of every axis, for every cell.

    Parameters
    ----------
    axes
        What each axis is made of.
    scores
        Scores (cells, k).

    Returns
    -------
    float32 (cells, axes); NaN for an axis without signatures.
    """
    total = np.zeros((len(scores), len(axes)))
    # One signature of all axes after another: the same sums for one cell as for many.
    for step in range(max((len(one.columns) for one in axes), default=0)):
        here = [place for place, one in enumerate(axes) if len(one.columns) > step]
        columns = [axes[place].columns[step] for place in here]
        signs = np.array([axes[place].signs[step] for place in here])
        total[:, here] += signs * scores[:, columns]
    return (total / [len(one.columns) or np.nan for one in axes]).astype(np.float32)


def axis_means(
    signatures: Sequence[Signature], coverage: pd.DataFrame
) -> tuple[list[AxisMean], pd.DataFrame]:
    """Choose the signatures of each axis, as `members` says.

    Of its members an axis uses those with enough genes. Where none has enough, the
    axis uses those with any gene and is marked low. An own signature is an axis by
    itself, as `own_axes` says.

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
    own = own_axes(signatures)
    for axis, columns in {**members(signatures), **own}.items():
        enough = [column for column in columns if not low[column]]
        used = enough or [column for column in columns if present[column]]
        signs = [SIGNS[signatures[column].orientation] for column in used]
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
