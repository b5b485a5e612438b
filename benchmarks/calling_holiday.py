"""What cells off the drug are said to be like, where it is known what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from calling_data import pool, score

from dtpscore._calling.cells import reference_units
from dtpscore._calling.reversal import SHARES, Arms, three_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._calling.features import Features


def _placed(
    found: Features, rows: NDArray[np.int64], parental: NDArray[np.bool_]
) -> pd.DataFrame:
    """Index, proliferation and axes in standard deviations of the parental cells."""
    values = np.column_stack(
        [found.index[rows], found.proliferation[rows], found.axes[rows]]
    )
    return pd.DataFrame(reference_units(values, parental))


def holiday_shares(contexts: tuple[str, ...]) -> pd.DataFrame:
    """Three shares of a held-out replicate that plays the holiday group, 2,000 UMI.

    All of its cells are parental (they came back) or all are persisters (they did
    not). The other two replicates are the reference and the treated samples.
    """
    rows = []
    for context in contexts:
        cells = pool(context, 2000)
        found = score(cells)
        state = cells.obs["true_state"].astype(str).to_numpy()
        replicate = cells.obs["replicate"].astype(str).to_numpy()
        for held in np.unique(replicate):
            for truth in ("parental", "DTP"):
                off = (replicate == held) & (state == truth)
                use = np.flatnonzero(off | (replicate != held))
                on = ~off[use]
                library = np.unique(
                    np.char.add(state[use], replicate[use]), return_inverse=True
                )[1]
                arms = Arms(
                    on & (state[use] == "parental"),
                    on & (state[use] == "DTP"),
                    ~on,
                    library,
                    np.zeros(len(use), np.int64),
                )
                axes = _placed(found, use, arms.parental)
                share = three_shares(axes, arms, alpha=0.05)["share"]
                rows.append({"context": context, "cells off the drug": truth, **share})
    keys = ["context", "cells off the drug"]
    grouped = pd.DataFrame(rows).groupby(keys, sort=False, as_index=False)
    return grouped[list(SHARES)].mean()
