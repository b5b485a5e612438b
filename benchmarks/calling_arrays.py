"""Cells of a benchmark run as arrays, made as the package makes them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from dtpscore._calling import components
from dtpscore._calling.cells import Cells, every_other, standardized, weighed_like

if TYPE_CHECKING:
    import scipy.sparse as sp


def keys_of(rows: np.ndarray) -> np.ndarray:
    """A number for each cell, as the package makes one from its name."""
    return np.array([zlib.crc32(str(row).encode()) for row in rows], dtype=np.uint64)


def components_of(
    counts: sp.csr_matrix, library: np.ndarray, keys: np.ndarray
) -> np.ndarray:
    """Components of expression of one batch."""
    rows = np.arange(counts.shape[0])
    return components.compute(counts, [rows], library, keys, normalize="log1p")


def arrays(
    values: np.ndarray,
    placed: np.ndarray,
    index: np.ndarray,
    *,
    sample: np.ndarray,
    reference: np.ndarray,
    keys: np.ndarray,
) -> Cells:
    """Cells as the package makes them, all of them fitted."""
    return Cells(
        features=standardized(values),
        sample=sample,
        reference=reference,
        evidence=index,
        fit=np.ones(len(sample), bool),
        fit_mixed=np.ones(len(sample), bool),
        components=weighed_like(placed, values.shape[1]),
        half=every_other(sample, keys),
    )
