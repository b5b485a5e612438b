"""A file opened as an AnnData: tables in memory, matrices on disk, same results."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore._store import open_cells
from dtpscore.errors import DataError

FORMS = {"csr": sp.csr_matrix, "csc": sp.csc_matrix, "dense": lambda m: m.toarray()}


@pytest.fixture
def write(cells, tmp_path):
    def make(form, ending):
        made = cells.copy()
        made.X = FORMS[form](cells.X)
        made.layers["twice"] = cells.X * 2
        made.obsm["X_umap"] = np.ones((made.n_obs, 2))
        path = tmp_path / f"cells.{ending}"
        getattr(made, f"write_{ending}")(path)
        return path, made

    return make


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.filterwarnings("ignore:The matrix on disk is stored by columns")
def test_results_are_those_of_the_file_in_memory(write, form, ending):
    path, inside = write(form, ending)
    dtp.tl.score(inside)
    with open_cells(path) as found:
        assert not isinstance(found.X, np.ndarray)
        assert not sp.issparse(found.X)
        assert not sp.issparse(found.layers["twice"])
        dtp.tl.score(found)
        dtp.tl.score(found, layer="twice", key_added="twice")
        pd.testing.assert_frame_equal(
            found.obsm["dtp_scores"], inside.obsm["dtp_scores"]
        )
        # Twice the counts have the same ranks.
        np.testing.assert_array_equal(
            found.obsm["twice"], inside.obsm["dtp_scores"].to_numpy()
        )
        np.testing.assert_array_equal(found.obsm["X_umap"], inside.obsm["X_umap"])
        assert list(found.uns) == [*list(inside.uns)[:1], "dtp_scores", "twice"]


@pytest.mark.slow
def test_the_file_is_not_changed(write):
    path, _ = write("csr", "h5ad")
    before = path.read_bytes()
    with open_cells(path) as found:
        dtp.tl.score(found)
    assert path.read_bytes() == before


def test_a_file_without_x_opens_and_says_so_when_x_is_asked_for(cells, tmp_path):
    path = tmp_path / "no_x.h5ad"
    ad.AnnData(obs=cells.obs, var=cells.var, layers={"raw": cells.X}).write_h5ad(path)
    with open_cells(path) as found:
        assert found.X is None
        with pytest.raises(DataError, match=r"X is empty.*'raw'"):
            dtp.tl.score(found)


def test_a_damaged_file_is_one_clear_error(write):
    import h5py

    path, _ = write("csr", "h5ad")
    with h5py.File(path, "r+") as file:
        del file["obs"][file["obs"].attrs["_index"]]
    with pytest.raises(DataError, match="damaged"), open_cells(path):
        pass


def test_names_of_a_newer_pandas_can_be_written_again(cells, tmp_path):
    newer = ad.AnnData(
        cells.X,
        obs=pd.DataFrame(index=pd.array(cells.obs_names.tolist(), dtype="string")),
        var=pd.DataFrame(index=pd.array(cells.var_names.tolist(), dtype="string")),
    )
    path = tmp_path / "newer.h5ad"
    with ad.settings.override(allow_write_nullable_strings=True):
        newer.write_h5ad(path)
    with open_cells(path) as found:
        assert list(found.obs_names) == list(cells.obs_names)
        ad.AnnData(obs=found.obs, var=found.var).write_h5ad(tmp_path / "again.h5ad")
    assert list(ad.read_h5ad(tmp_path / "again.h5ad").var_names) == list(
        cells.var_names
    )
