"""Small lazy cells, and the same in memory, for tests of lazy scores."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pandas as pd
import scipy.sparse as sp
from small_counts import COUNTS, N_CELLS, build

import dtpscore as dtp

ROWS = 9
N_PARTITIONS = -(-N_CELLS // ROWS)
KEYS = ("dtp_scores", "dtp_scores_z", "dtp_scores_pvalue")
UNTIL_COMPUTED = {"dtp_scores_axes", "dtp_scores_checks"}


def lazy(values=COUNTS, *, sparse=True, seen=None):
    """Cells in a dask matrix that adds to ``seen`` when a partition is read."""

    def read(rows):
        if seen is not None:
            seen.append(rows.shape[0])
        return sp.csr_matrix(rows) if sparse else rows

    floats = values.astype(np.float32)
    kind = sp.csr_matrix if sparse else np.asarray
    array = da.from_array(floats, chunks=(ROWS, -1))
    return build(array.map_blocks(read, dtype=np.float32, meta=kind(floats[:0])))


def eager(pack, values=COUNTS, **kwargs):
    adata = build(sp.csr_matrix(values.astype(np.float32)))
    dtp.tl.score(adata, pack, **kwargs)
    return adata


def assert_same(found, expected):
    """Equal to the bit, with nothing more and nothing less."""
    pd.testing.assert_frame_equal(found.obs, expected.obs, check_exact=True)
    assert set(found.obsm) == set(expected.obsm)
    for key in expected.obsm:
        one, other = found.obsm[key], expected.obsm[key]
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert set(found.uns) == set(expected.uns)
    for key, record in expected.uns.items():
        assert found.uns[key]["params"] == record["params"]
        for name in ("coverage", "axes"):
            pd.testing.assert_frame_equal(found.uns[key][name], record[name])
        sources = record["provenance"]["signatures"]
        own = found.uns[key]["provenance"]["signatures"]
        pd.testing.assert_frame_equal(own, sources)
