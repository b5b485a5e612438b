"""Scores that a user brings for the shift to learn from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import signatures
from dtpscore._axes import axis_means
from dtpscore._calling.features import FEWEST_FEATURES, genes_in, mean_axes
from dtpscore.errors import DataError
from dtpscore.signatures import USER_AXIS, Signature

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
        Key of ``obsm`` that they are from.
    frame
        Cells x signatures.
    axis_of
        Axis of each signature, where it is known.
    """

    key: str
    frame: pd.DataFrame
    axis_of: dict[str, str] = field(default_factory=dict)


def _numbers(scores: ScoreFrame) -> NDArray[np.float64]:
    try:
        return scores.frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        texts = scores.frame.select_dtypes(exclude="number").columns
        msg = (
            f"obsm[{scores.key!r}] has columns that are no numbers, such as "
            f"{str(texts[0])!r}. Leave them out."
        )
        raise DataError(msg) from error


def _stand_in(name: str, axis: str) -> Signature:
    """Make a signature of which only its part in an axis is known."""
    known: dict[str, Any] = {"use": "default", "orientation": "with"}
    return Signature.model_construct(name=name, axis=axis, **known)


def _as_signatures(names: list[str], scores: ScoreFrame) -> list[Signature]:
    """Shipped signatures, and a stand-in for each name that is not shipped.

    A column of no known axis is an axis of its own, and so is a signature that is kept
    for evaluation and belongs to no axis.
    """
    shipped = set(signatures.available().index)
    result = []
    for name in names:
        known = signatures.load(name) if name in shipped else None
        axis = scores.axis_of.get(name, USER_AXIS)
        if known is not None and known.use != "evaluation":
            result.append(known)
        elif known is not None or axis == USER_AXIS:
            result.append(_stand_in(name, name))
        else:
            result.append(_stand_in(name, axis))
    return result


def replaced(
    features: Features, scores: ScoreFrame, used: NDArray[np.bool_]
) -> Features:
    """Let the shift learn from another score frame; the index stays as it is.

    Parameters
    ----------
    features
        Computed features.
    scores
        Scores of any method. A column of no known axis is an axis of its own.
    used
        Cells that take part.

    Returns
    -------
    The features. Their messages name columns that are left out because they have no
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
    messages = list(features.messages)
    if not finite.all():
        messages.append(
            f"{(~finite).sum()} of {len(finite)} columns of obsm[{scores.key!r}] have "
            "no value in some cells and are left out."
        )
    names = [str(name) for name in scores.frame.columns[finite]]
    listed = _as_signatures(names, scores)
    values = np.where(used[:, None], values[:, finite], 0.0)
    axis_names = list(dict.fromkeys(signature.axis for signature in listed))
    return replace(
        features,
        values=values,
        names=names,
        axis=[signature.axis for signature in listed],
        axes=mean_axes(values, axis_means(listed, _all_found(names))[0], axis_names),
        axis_names=axis_names,
        source=f"the {len(names)} scores in obsm[{scores.key!r}], taken as they were",
        messages=messages,
        genes=_known_genes(names),
    )


def _known_genes(names: list[str]) -> dict[str, frozenset[str]]:
    """Genes of shipped signatures; those of other scores are not known."""
    shipped = set(signatures.available().index)
    return {name: genes_in(signatures.load(name)) for name in names if name in shipped}


def _all_found(names: list[str]) -> pd.DataFrame:
    """Coverage of scores that are there: none of them is low."""
    import pandas as pd

    return pd.DataFrame({"n_found": 1, "low": False}, index=names)
