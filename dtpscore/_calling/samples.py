"""Tables of samples: what was seen in each, and tests between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling.sample_tests import (
    SampleTest,
    compare_samples,
    logit_fraction,
)
from dtpscore._calling.states import DTP_STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._design import Design

# Reference samples are held out one by one and treated ones are not, so that shares of
# exchangeable samples differ between the arms.
SHARE_UNTESTED = (
    "the share of cells beyond the reference range has no p-value, because a reference "
    "sample is held against fewer samples than a treated one; the mean index is tested"
)


def sample_table(
    design: Design,
    used: NDArray[np.bool_],
    *,
    state: NDArray[np.str_],
    tail: NDArray[np.float64],
    index: NDArray[np.float64],
    counts: NDArray[np.float64],
    alpha: float,
) -> pd.DataFrame:
    """Make the table of libraries.

    Parameters
    ----------
    design
        The experiment.
    used
        Cells that took part.
    state
        State of each cell.
    tail
        p-value of each cell, reference cells against the other reference samples.
    index
        Index in standard deviations of the reference.
    counts
        Depth of each cell before libraries were matched. Cells that make less RNA
        have less of it; matching takes that out of the evidence, so it is shown here.
    alpha
        Cells with a p-value at or below it are beyond the reference.

    Returns
    -------
    One row per library: ``batch``, ``group``, ``sample``, ``pair``, ``n_cells``,
    ``n_dtp_like`` (called), ``n_beyond`` (beyond the reference, reference samples
    counted alike), ``mean_index`` and ``median_counts``.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            "library": design.library[used],
            "batch": design.batch[used],
            "group": design.group[used],
            "sample": design.sample[used],
            "pair": design.pair[used],
            "n_dtp_like": np.isin(state[used], DTP_STATES),
            "n_beyond": tail[used] <= alpha,
            "mean_index": index[used],
            "median_counts": counts[used],
        }
    )
    grouped = frame.groupby("library", sort=True)
    table = grouped[["batch", "group", "sample", "pair"]].first()
    table["n_cells"] = grouped.size()
    table["n_dtp_like"] = grouped["n_dtp_like"].sum().astype(np.int64)
    table["n_beyond"] = grouped["n_beyond"].sum().astype(np.int64)
    table["mean_index"] = grouped["mean_index"].mean()
    table["median_counts"] = grouped["median_counts"].median()
    return table.reset_index(drop=True)


def condition_table(table: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    """Share of DTP-like cells and mean index of each group, samples as the unit.

    Parameters
    ----------
    table
        What `sample_table` returned.
    groups
        Groups in the order of the rows.

    Returns
    -------
    One row per group: ``n_samples``, ``n_cells``; ``dtp_like``, the mean over samples
    of their share of DTP-like cells, with that of the ``dtp_like_lowest`` and
    ``dtp_like_highest`` sample; and ``index``, the mean over samples of their mean
    index, with ``index_lowest`` and ``index_highest``. Each sample counts the same.
    """
    import pandas as pd

    values = pd.DataFrame(
        {
            "group": table["group"],
            "dtp_like": table["n_dtp_like"] / table["n_cells"],
            "index": table["mean_index"],
        }
    )
    grouped = values.groupby("group", sort=True)
    result = pd.DataFrame({"n_samples": grouped.size()})
    result["n_cells"] = table.groupby("group")["n_cells"].sum()
    for name in ("dtp_like", "index"):
        result[name] = grouped[name].mean()
        result[f"{name}_lowest"] = grouped[name].min()
        result[f"{name}_highest"] = grouped[name].max()
    there = [group for group in groups if group in result.index]
    return result.loc[there].rename_axis("group").reset_index()


def comparison_table(
    table: pd.DataFrame,
    reference: str,
    groups: Sequence[str],
    *,
    alpha: float,
    seed: int,
) -> pd.DataFrame:
    """Compare every group with the reference, with the sample as the unit.

    Parameters
    ----------
    table
        What `sample_table` returned.
    reference
        Reference group.
    groups
        Groups in the order of the rows.
    alpha
        Level of the tests.
    seed
        Seed where labels are permuted at random.

    Returns
    -------
    Two rows per group: ``fraction`` (log odds of the share of cells beyond the
    reference) and ``index`` (mean index), each with the number of samples,
    ``difference``, ``pvalue``, ``method`` and ``note``. The index has a p-value where
    both groups have replicates; the fraction has none, because it is not counted alike
    in reference and treated samples.
    """
    import pandas as pd

    rows = []
    there = set(table["group"]) - {reference}
    for group in [name for name in groups if name in there]:
        part = table[table["group"].isin([reference, group])]
        treated = (part["group"] == group).to_numpy()
        pairs = np.unique(part["pair"].to_numpy(dtype=np.str_), return_inverse=True)[1]
        beyond = part["n_beyond"].to_numpy(), part["n_cells"].to_numpy()
        measures = {
            "fraction": logit_fraction(*beyond),
            "index": part["mean_index"].to_numpy(dtype=np.float64),
        }
        for measure, values in measures.items():
            test = compare_samples(values, treated, pairs, alpha=alpha, seed=seed)
            if measure == "fraction" and test.method != "none":
                test = SampleTest(test.difference, np.nan, "none", SHARE_UNTESTED)
            rows.append(
                {
                    "group": group,
                    "measure": measure,
                    "n_reference_samples": int((~treated).sum()),
                    "n_samples": int(treated.sum()),
                    "difference": test.difference,
                    "pvalue": test.pvalue,
                    "method": test.method,
                    "note": test.note,
                }
            )
    return pd.DataFrame(rows)
