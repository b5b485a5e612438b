"""The packages that dtpscore is compared with, called as their users call them."""

from __future__ import annotations

import contextlib
import io
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from synthetic import gene_symbols

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    Sets = dict[str, NDArray[Any]]

PACKAGES = ("pyucell", "decoupler", "scanpy", "gseapy", "rustscenic")


def installed(name: str) -> str | None:
    """Version of a package, or None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Versions of the packages a run depends on."""
    names = ("dtpscore", *PACKAGES, "anndata", "numba", "numpy", "scipy", "pandas")
    return {name: installed(name) or "not installed, not measured" for name in names}


@contextlib.contextmanager
def _quiet() -> Any:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _named(sets: Sets) -> dict[str, list[str]]:
    symbols = gene_symbols()
    return {name: [symbols[gene] for gene in genes] for name, genes in sets.items()}


def _net(sets: Sets) -> pd.DataFrame:
    rows = [(name, gene, 1.0) for name, genes in _named(sets).items() for gene in genes]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])


def pyucell(adata: AnnData, sets: Sets, *, n_jobs: int) -> NDArray[Any]:
    """Scores (cells, sets) of pyUCell."""
    import pyucell as package

    with _quiet():
        package.compute_ucell_scores(adata, _named(sets), suffix="", n_jobs=n_jobs)
    return adata.obs[list(sets)].to_numpy()


def score_genes(adata: AnnData, sets: Sets) -> NDArray[Any]:
    """Scores of scanpy, one call a set."""
    import scanpy as sc

    for name, genes in _named(sets).items():
        sc.tl.score_genes(adata, genes, score_name=name, ctrl_as_ref=True)
    return adata.obs[list(sets)].to_numpy()


def _decoupler(adata: AnnData, sets: Sets, method: str, **options: Any) -> NDArray[Any]:
    import decoupler as dc

    with _quiet():
        getattr(dc.mt, method)(adata, _net(sets), tmin=1, **options)
    return adata.obsm[f"score_{method}"][list(sets)].to_numpy()


def aucell(adata: AnnData, sets: Sets) -> NDArray[Any]:
    """Scores of decoupler's AUCell."""
    return _decoupler(adata, sets, "aucell")


def rustscenic(adata: AnnData, sets: Sets) -> NDArray[Any]:
    """Scores of rustscenic's AUCell, over the largest area that the cut allows.

    It divides the area by (number of genes) x (cut) instead, which is turned back here.
    """
    from rustscenic import aucell as package

    with _quiet():
        found = package.score(adata, _named(sets))[list(sets)].to_numpy()
    sizes = np.array([len(genes) for genes in sets.values()])
    cut = round(0.05 * adata.n_vars)
    return found * cut / (cut - (sizes + 1) / 2)


def aucell_order(adata: AnnData) -> NDArray[Any]:
    """Columns in the order in which decoupler breaks ties.

    It drops columns without any value and shuffles the others with this seed.
    """
    used = np.flatnonzero(adata.X.getnnz(axis=0))
    return used[np.random.default_rng(0).choice(used.size, used.size, replace=False)]


def zscore(adata: AnnData, sets: Sets) -> NDArray[Any]:
    """Scores of decoupler's z-score, the flavor without centering."""
    recent = tuple(int(part) for part in version("decoupler").split(".")[:2]) >= (2, 3)
    flavor = "RoKAI" if recent else "KSEA"  # 2.2 has the two names swapped
    return _decoupler(adata, sets, "zscore", empty=False, flavor=flavor)


def waggr(adata: AnnData, sets: Sets, *, times: int) -> NDArray[Any]:
    """Scores of decoupler's weighted mean; 1 leaves its permutations out."""
    return _decoupler(adata, sets, "waggr", empty=False, fun="wmean", times=times)


def ssgsea(adata: AnnData, sets: Sets, *, threads: int) -> NDArray[Any]:
    """Scores of GSEApy, which takes a dense frame of genes x cells."""
    import gseapy

    with _quiet():
        frame = pd.DataFrame(
            adata.X.toarray().T, index=adata.var_names, columns=adata.obs_names
        )
        found = gseapy.ssgsea(
            frame,
            _named(sets),
            outdir=None,
            min_size=1,
            max_size=100_000,
            no_plot=True,
            threads=threads,
        ).res2d
    table = found.pivot_table(
        index="Name", columns="Term", values="ES", aggfunc="first"
    )
    return table.loc[adata.obs_names, list(sets)].to_numpy(dtype=float)
