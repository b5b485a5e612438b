"""What is known of samples beside their arm, as numbers of a linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dtpscore._design import column, label
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._compare.samples import Samples


def sample_values(obs: pd.DataFrame, key: str, samples: Samples) -> pd.Series:
    """Value of a column for every sample of an arm.

    Raises
    ------
    DataError
        The column does not exist, a sample has no value, or its cells differ.
    """
    values = column(obs, key, "covariate").reset_index(drop=True)
    found = []
    for code, name in enumerate(samples.name):
        own = values[samples.code == code]
        kinds = own.dropna().unique()
        if own.isna().any() or not len(kinds):
            msg = f"obs[{key!r}] has missing values in sample {name!r}."
            raise DataError(msg)
        if len(kinds) > 1:
            msg = (
                f"obs[{key!r}] differs between the cells of sample {name!r}; a "
                "covariate has one value per sample."
            )
            raise DataError(msg)
        found.append(kinds[0])
    return pd.Series(found)


def covariate_matrix(
    obs: pd.DataFrame, keys: Sequence[str], samples: Samples
) -> NDArray[np.float64] | None:
    """Numbers of the covariates, float64 (samples, columns); None without covariates.

    Numbers stay as they are. Of other columns each value but the first one, among the
    samples of the arm, is a column of 0 and 1. Columns that do not vary are left out.

    Parameters
    ----------
    obs
        Annotation of the cells.
    keys
        Columns.
    samples
        Samples of an arm and its reference.

    Raises
    ------
    DataError
        A column does not exist, a sample has no value, or its cells differ.
    """
    if not keys:
        return None
    columns = []
    for key in keys:
        values = sample_values(obs, key, samples)
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(
            values
        ):
            columns.append(values.to_numpy(dtype=np.float64))
            continue
        text = np.array([label(one) for one in values])
        columns += [(text == one).astype(np.float64) for one in np.unique(text)[1:]]
    varying = [one for one in columns if np.ptp(one) > 0]
    return np.column_stack(varying) if varying else np.empty((len(samples.name), 0))
