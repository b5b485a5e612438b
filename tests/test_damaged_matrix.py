"""Sparse matrices on disk whose parts do not fit, or are in another order."""

from __future__ import annotations

from itertools import pairwise

import anndata as ad
import h5py
import numpy as np
import pytest

import dtpscore as dtp

pytestmark = pytest.mark.filterwarnings("ignore:.*without encoding metadata")


@pytest.mark.parametrize("where", ["--backed", "--in-memory"])
@pytest.mark.parametrize(
    ("name", "position", "value"),
    [
        ("indptr", 10, 10**8),
        ("indptr", 10, 0),
        ("indptr", -1, 10**7),
        ("indices", 5, 99_999),
        ("indices", 5, 2**40),
        ("indices", 5, -3),
    ],
)
def test_damaged_sparse_matrix(path, out, command, name, position, value, where):
    """Followed by a compiled loop, such positions would end the process."""
    with h5py.File(path, "r+") as file:
        stored = file[f"X/{name}"][:].astype(np.int64)
        stored[position] = value
        del file[f"X/{name}"]
        file[f"X/{name}"] = stored
    code, _, err = command("score", path, "-o", out, where)
    assert code == 6
    assert "damaged" in err
    assert not out.exists()


def test_values_that_are_cut_off(path, out, command):
    with h5py.File(path, "r+") as file:
        values = file["X/data"][:-50]
        del file["X/data"]
        file["X/data"] = values
    code, _, err = command("score", path, "-o", out)
    assert code == 6
    assert "damaged" in err


@pytest.mark.slow
def test_sparse_matrix_with_unsorted_columns(cells, path, out, command):
    with h5py.File(path, "r+") as file:
        ends, columns, values = (
            file[f"X/{name}"] for name in ("indptr", "indices", "data")
        )
        for start, stop in pairwise(ends[:]):
            columns[start:stop] = columns[start:stop][::-1]
            values[start:stop] = values[start:stop][::-1]
    assert command("score", path, "-o", out, "--axis", "emt")[0] == 0
    expected = cells.copy()
    dtp.tl.score(expected, dtp.signatures.select(axes="emt"))
    np.testing.assert_array_equal(
        ad.read_h5ad(out).obsm["dtp_scores"], expected.obsm["dtp_scores"]
    )
