"""Orders of cells blended from real bulk profiles: semi-synthetic, with known truth."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pytest
from scipy.stats import spearmanr

import dtpscore as dtp
from dtpscore.errors import InputWarning

pytestmark = pytest.mark.slow

DAYS = {0: {0: 1.0}, 2: {0: 0.7, 8: 0.3}, 5: {0: 0.4, 8: 0.6}, 8: {0: 0.1, 8: 0.9}}


@pytest.mark.parametrize("line", ["A375", "WM88"])
def test_blends_of_untreated_and_tolerant_cells(real_file, line):
    bulk = ad.read_h5ad(real_file("bulk_brafi_4lines"))
    mixture = {
        f"d{day} r{rep}": {
            f"{line}_{part}day_rep{rep}": share for part, share in parts.items()
        }
        for day, parts in DAYS.items()
        for rep in (1, 2, 3)
    }
    cells = dtp.datasets.thin(
        bulk,
        depth=3000,
        n_cells=60,
        mixture=mixture,
        concentration=2,
        state_key=None,
        seed=1,
    )
    truth = cells.obsm["true_mixture"].filter(like="8day").sum(axis=1).to_numpy()
    sample = cells.obs["sample"].astype(str)
    cells.obs["day"] = sample.str[1].astype(int)
    cells.obs["replicate"] = sample.str[3:]
    cells.obs["arm"] = np.where(cells.obs["day"] == 0, "untreated", "treated")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.pseudotime(
            cells,
            groupby="arm",
            reference="untreated",
            time_key="day",
            sample_key="sample",
            replicate_key="replicate",
            n_roots=2,
            n_subsamples=2,
        )
    order = cells.obs["dtp_pseudotime"].to_numpy()
    assert cells.uns["dtp_pseudotime"]["method"] == "ordinal"
    assert spearmanr(order, truth)[0] > 0.85
    inner = [
        spearmanr(order[rows], truth[rows])[0]
        for day in (2, 5, 8)
        for rows in [(cells.obs["day"] == day).to_numpy()]
    ]
    assert np.mean(inner) > 0.65
