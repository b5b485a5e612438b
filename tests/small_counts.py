"""A small matrix with every awkward cell and gene, for tests of scores."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore import signatures
from dtpscore.errors import InputWarning

NAMES = ["tirosh2016_s_phase", "tirosh2016_g2m_phase"]
N_CELLS = 37


def _genes() -> list[str]:
    listed = [gene for name in NAMES for gene in signatures.load(name).genes.up]
    others = [f"LINC{number:05d}" for number in range(150)]
    return [*dict.fromkeys([*listed, "ACTB", "GAPDH", "VIM", "CDH1"]), *others]


GENES = _genes()


def _counts() -> np.ndarray:
    """int64 counts with empty cells, empty genes, ties and a wide range of depth."""
    rng = np.random.default_rng(7)
    depth = rng.gamma(1.0, 1.0, size=(N_CELLS, 1))
    counts = rng.poisson(depth * rng.gamma(0.5, 2.0, size=len(GENES)))
    counts[5] = 0
    counts[:, 11] = 0
    return counts


COUNTS = _counts()


def make_pack(make_signature):
    return [
        *(signatures.load(name) for name in NAMES),
        make_signature(
            "signed",
            ["VIM", "ACTB", "PCNA"],
            ["CDH1", "TOP2A"],
            axis="emt",
            use="default",
            orientation="against",
        ),
    ]


def build(matrix) -> ad.AnnData:
    cells = pd.Index([f"cell{number}" for number in range(matrix.shape[0])])
    obs = pd.DataFrame({"batch": pd.Categorical(["a", "b"] * 18 + ["a"])}, index=cells)
    return ad.AnnData(matrix, obs=obs, var=pd.DataFrame(index=pd.Index(GENES)))


def scored(adata, pack, **kwargs) -> np.ndarray:
    """Scores as an array, without the warnings on raw counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.score(adata, pack, **kwargs)
    return adata.obsm["dtp_scores"].to_numpy()


def make_cells() -> ad.AnnData:
    return build(sp.csr_matrix(COUNTS.astype(np.float32)))


def in_one_block(pack, method: str) -> np.ndarray:
    """Scores of the dense float64 matrix in one block on one thread."""
    adata = build(COUNTS.astype(np.float64))
    return scored(adata, pack, method=method, chunk_size=N_CELLS, n_jobs=1)
