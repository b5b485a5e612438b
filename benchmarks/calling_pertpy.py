"""Mixscape of pertpy, where it is installed (``pip install pertpy``)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import scanpy as sc

if TYPE_CHECKING:
    import scipy.sparse as sp


def pertpy_is_there() -> bool:
    """Whether pertpy can be imported."""
    return find_spec("pertpy") is not None


def classify(
    counts: sp.csr_matrix, reference: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Classify cells with the defaults of pertpy (Papalexi 2021).

    Parameters
    ----------
    counts
        Cells x genes.
    reference
        Which cells are reference cells; it knows of no samples.

    Returns
    -------
    Whether each cell is classified as perturbed, and with which probability.
    """
    from pertpy.tools import Mixscape

    cells = ad.AnnData(counts.astype(np.float32))
    sc.pp.filter_genes(cells, min_cells=3)
    cells.obs["arm"] = np.where(reference, "control", "query")
    sc.pp.normalize_total(cells, target_sum=1e4)
    sc.pp.log1p(cells)
    sc.pp.highly_variable_genes(cells, n_top_genes=2000, subset=True)
    sc.pp.pca(cells)
    mixscape = Mixscape()
    mixscape.perturbation_signature(cells, "arm", "control")
    mixscape.mixscape(cells, "arm", "control", layer="X_pert")
    called = (cells.obs["mixscape_class_global"].astype(str) == "KO").to_numpy()
    posterior = cells.obs["mixscape_class_p_ko"].to_numpy(dtype=np.float64)
    return called, np.nan_to_num(posterior)
