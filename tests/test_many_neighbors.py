"""Neighbors and UMAP of more cells than scanpy searches exactly (8,192)."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

pytestmark = pytest.mark.slow


def test_neighbors_and_umap_of_nine_thousand_cells():
    import scanpy as sc

    rng = np.random.default_rng(0)
    cells = AnnData(obsm={"X_few": rng.normal(size=(9000, 3)).astype(np.float32)})
    sc.pp.neighbors(cells, use_rep="X_few", n_neighbors=5)
    sc.tl.umap(cells, maxiter=3)
    assert cells.obsp["connectivities"].nnz > 9000
    assert np.isfinite(cells.obsm["X_umap"]).all()
