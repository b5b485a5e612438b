"""Scores that a user brings for the shift to learn from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore import signatures
from dtpscore._calling.features import FEWEST_FEATURES, SIGNS
from dtpscore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.features import Features


@dataclass(frozen=True)
class ScoreFrame:
    """Scores to learn the shift from instead of control-matched z-scores.

    Attributes
    ----------
    key
        Where they are from.
    frame
        Cells x signatures.
    axis_of
        Axis of each signature.
    """

    key: str
    frame: pd.DataFrame
    axis_of: dict[str, str] = field(default_factory=dict)


def _signs(names: list[str]) -> list[float]:
    """Sign of each signature on its axis; 1.0 for one that is not shipped."""
    orientation = signatures.available()["orientation"]
    return [SIGNS[orientation[name]] if name in orientation else 1.0 for name in names]


def _numbers(scores: ScoreFrame) -> NDArray[np.float64]:
    try:
        return scores.frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        texts = scores.frame.select_dtypes(exclude="number").columns
        msg = (
            f"obsm[{scores.key!r}] has columns that are no numbers, as "
            f"{str(texts[0])!r}. Leave them out."
        )
        raise DataError(msg) from error


def replaced(
    features: Features, scores: ScoreFrame, used: NDArray[np.bool_]
) -> tuple[Features, list[str]]:
    """Let the shift learn from another score frame; the index stays as it is.

    Parameters
    ----------
    features
        Computed features.
    scores
        Scores of any method; columns of no known axis are their own axis.
    used
        Cells that take part.

    Returns
    -------
    The features, and a sentence where columns are left out because they have no
    finite value in some of the cells.

    Raises
    ------
    DataError
        Columns are no numbers, or fewer than ten have a value in every cell.
    """
    values = _numbers(scores)
    finite = np.atleast_1d(np.isfinite(values[used]).all(axis=0))
    if finite.sum() < FEWEST_FEATURES:
        msg = (
            f"obsm[{scores.key!r}] has {finite.sum()} columns with a value in every "
            f"cell; a call needs {FEWEST_FEATURES}."
        )
        raise DataError(msg)
    said = []
    if not finite.all():
        said.append(
            f"{(~finite).sum()} of {len(finite)} columns of obsm[{scores.key!r}] have "
            "no value in some cells and are left out."
        )
    names = [str(name) for name in scores.frame.columns[finite]]
    found = replace(
        features,
        values=np.where(used[:, None], values[:, finite], 0.0),
        names=names,
        axis=[scores.axis_of.get(name, name) for name in names],
        sign=_signs(names),
    )
    return found, said
