"""Time and memory of every method, for every layout of the matrix and some sizes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import synthetic

from dtpscore import tl

if TYPE_CHECKING:
    from collections.abc import Callable

N_GENES = 10_000
METHODS = ["ucell", "aucell", "tirosh", "zscore", "mean", "ssgsea"]
SIZES = [1_000, 10_000]
# How to turn a sparse matrix in memory into each layout; files are opened later.
IN_MEMORY: dict[str, Callable[[Any], Any]] = {
    "csr": lambda matrix: matrix,
    "csc": lambda matrix: matrix.tocsc(),
    "dense": lambda matrix: matrix.toarray(),
}
FILES: dict[str, dict[str, Any]] = {
    "h5ad": {},
    "h5ad_gzip": {"compression": "gzip"},
    "zarr_v2": {"zarr_format": 2},
    "zarr_v3": {"zarr_format": 3},
}
LAYOUTS = [*IN_MEMORY, *FILES, "dask"]


def write(adata: ad.AnnData, layout: str, folder: Path) -> Path:
    """Write a file of the layout."""
    if layout.startswith("h5ad"):
        path = folder / "cells.h5ad"
        adata.write_h5ad(path, **FILES[layout])
        return path
    path = folder / "cells.zarr"
    with ad.settings.override(zarr_write_format=FILES[layout]["zarr_format"]):
        adata.write_zarr(path)
    return path


def opened(adata: ad.AnnData, layout: str, folder: Path) -> ad.AnnData:
    """AnnData with its matrix in the layout; matrices of files stay on disk."""
    if layout in IN_MEMORY:
        return synthetic.as_adata(IN_MEMORY[layout](adata.X))
    if layout == "dask":
        import dask.array as da

        array = da.from_array(adata.X.toarray(), chunks=(1_000, adata.n_vars))
        return synthetic.as_adata(array)
    path = write(adata, layout, folder)
    if path.suffix == ".h5ad":
        return ad.read_h5ad(path, backed="r")
    import zarr
    from anndata.io import sparse_dataset

    lazy = ad.AnnData(obs=adata.obs, var=adata.var)
    lazy.X = sparse_dataset(zarr.open_group(path, mode="r")["X"])
    return lazy


class Score:
    """``tl.score`` with 20 signatures."""

    params = (METHODS, LAYOUTS, SIZES)
    param_names = ("method", "layout", "n_cells")
    timeout = 300

    def setup(self, method: str, layout: str, n_cells: int) -> None:
        matrix = synthetic.log_normalized(synthetic.counts(n_cells, N_GENES))
        self.folder = tempfile.TemporaryDirectory()
        self.adata = opened(synthetic.as_adata(matrix), layout, Path(self.folder.name))
        sets = synthetic.gene_sets(20, N_GENES)
        self.signatures = synthetic.as_signatures(sets)
        tl.score(self.adata[:50].to_memory(), self.signatures, method=method)

    def teardown(self, method: str, layout: str, n_cells: int) -> None:
        del self.adata
        self.folder.cleanup()

    def time_score(self, method: str, layout: str, n_cells: int) -> None:
        tl.score(self.adata, self.signatures, method=method, lazy=False)

    def peakmem_score(self, method: str, layout: str, n_cells: int) -> None:
        tl.score(self.adata, self.signatures, method=method, lazy=False)


class Control(Score):
    """The exact control with its p-values, for sparse matrices in memory."""

    params = ([one for one in METHODS if one != "ssgsea"], ["csr"], SIZES)

    def time_score(self, method: str, layout: str, n_cells: int) -> None:
        tl.score(self.adata, self.signatures, method=method, control=True)

    peakmem_score = time_score


class Start:
    """New processes: what a user waits for before any work."""

    timeout = 120

    def setup(self) -> None:
        self.run("-m", "dtpscore", "--help")

    @staticmethod
    def run(*arguments: str) -> None:
        import subprocess
        import sys

        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    def time_help(self) -> None:
        self.run("-m", "dtpscore", "--help")

    def time_import(self) -> None:
        self.run("-c", "import dtpscore")
