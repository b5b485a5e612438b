"""Simulated counts and random signatures for the benchmarks.

The counts imitate droplet data: every cell draws its molecules from one of a few
expression profiles, which are log-normal over genes, and its depth is log-normal
over cells. With the defaults about 13% of the matrix is not zero.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import TYPE_CHECKING, Any

import anndata as ad
import numba
import numpy as np
import scipy.sparse as sp

from dtpscore import signatures

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_PROFILES = 8
MOLECULES = 6_000


@numba.njit(parallel=True, cache=True)
def _draw(cumulative: Any, cells: Any, seed: int, out: Any) -> None:
    """Fill ``out`` (cells, genes) with multinomial counts, one seed a cell.

    ``cells`` (cells, 2): profile and number of molecules.
    """
    for cell in numba.prange(len(cells)):
        np.random.seed(seed + cell)  # noqa: NPY002 - the generator numba has
        table = cumulative[cells[cell, 0]]
        for _ in range(cells[cell, 1]):
            out[cell, np.searchsorted(table, np.random.random())] += 1  # noqa: NPY002


def counts(n_cells: int, n_genes: int, *, seed: int = 0) -> sp.csr_matrix:
    """Counts, float32, cells x genes."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(0.0, 2.0, n_genes)
    profiles = level * rng.lognormal(0.0, 0.6, (N_PROFILES, n_genes))
    cumulative = np.cumsum(profiles, axis=1)
    cumulative /= cumulative[:, -1:]
    depth = rng.lognormal(np.log(MOLECULES * n_genes / 20_000), 0.4, n_cells)
    cells = np.column_stack([rng.integers(0, N_PROFILES, n_cells), depth])
    cells = cells.astype(np.int64)
    parts = []
    for start in range(0, n_cells, 2_000):
        here = cells[start : start + 2_000]
        dense = np.zeros((len(here), n_genes), np.float32)
        _draw(cumulative, here, seed + start, dense)
        parts.append(sp.csr_matrix(dense))
    return sp.vstack(parts, format="csr")


def log_normalized(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """``log1p`` of counts per 10,000, float32; equal counts stay equal in a cell."""
    scale = 1e4 / np.asarray(matrix.sum(axis=1)).ravel()
    data = matrix.data * np.repeat(scale, np.diff(matrix.indptr)).astype(np.float32)
    return sp.csr_matrix((np.log1p(data), matrix.indices, matrix.indptr), matrix.shape)


def without_repeats(matrix: sp.csr_matrix, *, seed: int = 0) -> sp.csr_matrix:
    """The same matrix with its values disturbed so that hardly any two are equal."""
    noise = np.random.default_rng(seed).uniform(0.5, 1.5, matrix.data.size)
    data = (matrix.data * noise).astype(np.float32)
    return sp.csr_matrix((data, matrix.indices, matrix.indptr), matrix.shape)


@cache
def gene_symbols() -> tuple[str, ...]:
    """Approved human symbols, in the order of the shipped table."""
    path = signatures.root() / "gene_names.tsv"
    with path.open(encoding="utf-8") as lines:
        rows = csv.DictReader(
            (line for line in lines if not line.startswith("#")), delimiter="\t"
        )
        return tuple(row["symbol"] for row in rows if row["symbol"])


def as_adata(matrix: Any) -> ad.AnnData:
    """AnnData with real gene symbols, so that matching does its usual work."""
    adata = ad.AnnData(matrix)
    adata.obs_names = [f"cell{i}" for i in range(matrix.shape[0])]
    adata.var_names = list(gene_symbols()[: matrix.shape[1]])
    return adata


def gene_sets(n_sets: int, n_genes: int, *, seed: int = 1) -> dict[str, NDArray[Any]]:
    """Columns of random sets of 10 to 200 genes (fewer where genes are few)."""
    rng = np.random.default_rng(seed)
    largest = min(200, n_genes // 10)
    sizes = np.geomspace(10, largest, n_sets).round().astype(int)
    return {
        f"set{i:03d}": np.sort(rng.choice(n_genes, size, replace=False))
        for i, size in enumerate(sizes)
    }


def as_signatures(sets: dict[str, NDArray[Any]]) -> list[signatures.Signature]:
    """Signatures of up genes only, the rest as in a shipped one."""
    base = signatures.load("tirosh2016_s_phase").model_dump()
    symbols = gene_symbols()
    return [
        signatures.Signature.model_validate(
            {**base, "name": name, "genes": {"up": [symbols[g] for g in genes]}}
        )
        for name, genes in sets.items()
    ]
