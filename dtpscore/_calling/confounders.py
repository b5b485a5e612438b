"""What else moves index and shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray


def confounder_table(
    results: Mapping[str, NDArray[np.float64]],
    confounders: Mapping[str, NDArray[np.float64]],
    arms: Mapping[str, NDArray[np.bool_]],
) -> pd.DataFrame:
    """Spearman correlation of each result with each confounder, arm by arm.

    Within an arm, because between arms the treatment moves both.

    Parameters
    ----------
    results
        Index and shift, one value a cell.
    confounders
        Depth, genes detected and so on, one value a cell.
    arms
        Cells of the reference and of the query.

    Returns
    -------
    One row for each result, confounder and arm, with ``spearman`` (NaN where there
    are fewer than ten cells or one of the two is constant).
    """
    import pandas as pd
    from scipy import stats

    rows = []
    for result, values in results.items():
        for confounder, other in confounders.items():
            for arm, mask in arms.items():
                use = mask & np.isfinite(values) & np.isfinite(other)
                a, b = values[use], other[use]
                known = len(a) >= 10 and np.ptp(a) > 0 and np.ptp(b) > 0
                value = float(stats.spearmanr(a, b).statistic) if known else np.nan
                rows.append((result, confounder, arm, value))
    return pd.DataFrame(rows, columns=["result", "confounder", "arm", "spearman"])
