"""The cells and the gene set that the table of inputs gives to each package."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from dtpscore import datasets
from dtpscore._genes import nomenclature

if TYPE_CHECKING:
    from anndata import AnnData

# Genes of the set, and genes that a signed set has on the other side.
N_UP, N_DOWN = 30, 10


class NotOfferedError(Exception):
    """A package has no way to ask for this."""


@cache
def _simulated() -> AnnData:
    cells = datasets.simulate(n_cells=60, n_genes=600, seed=0)
    cells.X = sp.csr_matrix(cells.X).astype(np.float32)
    return cells


def counts() -> AnnData:
    """60 cells by 600 genes of counts, CSR float32."""
    return _simulated().copy()


def logs() -> AnnData:
    """The same cells as log(1 + counts per 10,000), as classifiers want them."""
    cells = counts()
    factors = 1e4 / np.asarray(cells.X.sum(axis=1)).ravel()
    cells.X = sp.csr_matrix(sp.diags(factors) @ cells.X).astype(np.float32)
    cells.X.data = np.log1p(cells.X.data)
    return cells


def up() -> list[str]:
    """Genes of the set."""
    return list(_simulated().var_names[:N_UP])


def down() -> list[str]:
    """Genes of the other side of a signed set."""
    return list(_simulated().var_names[N_UP : N_UP + N_DOWN])


def ensembl_ids(names: list[str]) -> list[str]:
    """Ensembl ids of symbols; a symbol without one stays."""
    pairs = nomenclature("human").others().ensembl.items()
    known: dict[str, str] = {}
    for identifier, symbols in pairs:
        known.setdefault(symbols[0], identifier)
    return [known.get(name, name) for name in names]


def with_matrix(cells: AnnData, matrix: Any) -> AnnData:
    """Put another matrix in the place of X."""
    cells.X = matrix
    return cells
