"""Results kept in files are those kept in memory, and need no memory of their own."""

from __future__ import annotations

import errno
import os

import anndata as ad
import h5py
import numpy as np
import pytest
from small_counts import COUNTS, GENES, make_pack

from dtpscore._matrix.columns import FileColumns
from dtpscore._options.score import ScoreOptions
from dtpscore._results.scores import elements
from dtpscore._scoring.run import score_matrix
from dtpscore._store import _open
from dtpscore._store._tables import tables
from dtpscore.errors import DataError


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_go_in_and_columns_come_out(tmp_path, dtype):
    values = np.random.default_rng(0).random((11, 3))
    table = FileColumns(tmp_path / "table", values.shape, dtype)
    for start in (4, 0, 8):
        table[start : start + 4] = values[start : start + 4]
    assert (len(table), table.nbytes) == (11, (tmp_path / "table").stat().st_size)
    expected = values.astype(dtype)
    np.testing.assert_array_equal(table.read(), expected)
    for number in range(3):
        np.testing.assert_array_equal(table[:, number], expected[:, number])
        np.testing.assert_array_equal(table[2:9, number], expected[2:9, number])


def test_rows_are_written_together_and_a_buffer_may_be_used_again(tmp_path):
    values = np.random.default_rng(1).random((50_000, 12)).astype(np.float32)
    table = FileColumns(tmp_path / "table", values.shape, np.float32)
    part = np.empty((1_000, 12), np.float32)
    writes = []
    write = table._write
    table._write = lambda: writes.append(None) or write()
    for start in range(0, len(values), 1_000):
        part[:] = values[start : start + 1_000]
        table[start : start + 1_000] = part
    assert len(writes) == 1
    np.testing.assert_array_equal(table.read(), values)


@pytest.mark.parametrize("method", ["ucell", "mean"])
def test_files_hold_the_numbers_of_memory(make_signature, tmp_path, method):
    pack = make_pack(make_signature)
    options = ScoreOptions(method=method, control=True, chunk_size=7)
    names = [f"cell{i}" for i in range(len(COUNTS))]
    memory, files = (
        score_matrix(COUNTS, GENES, pack, options, scratch=scratch)
        for scratch in (None, tmp_path)
    )
    for name in ("scores", "z", "pvalue"):
        assert isinstance(getattr(files, name), FileColumns)
        expected = getattr(memory, name)
        np.testing.assert_array_equal(getattr(files, name).read(), expected)
    for axis, column in files.axis.items():
        np.testing.assert_array_equal(column.read(), memory.axis[axis])
    first, second = (
        tables(elements(one, "k", names), names) for one in (memory, files)
    )
    assert first.keys() == second.keys()
    for name, table in first.items():
        assert table.equals(second[name]), name


def test_a_disk_without_room_is_named_before_the_work(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(DataError, match=r"no room for 4 MB of results \(No space"):
        FileColumns(tmp_path / "table", (100_000, 10), np.float32)


@pytest.fixture(params=["h5ad", "zarr 2", "zarr 3"])
def stored(request, cells, tmp_path):
    """The cells in a file, the name of an output, and a reader for it."""
    form, _, version = request.param.partition(" ")
    path, out = tmp_path / f"in.{form}", tmp_path / f"out.{form}"
    if form == "h5ad":
        cells.write_h5ad(path)
    else:
        with ad.settings.override(zarr_write_format=int(version)):
            cells.write_zarr(path)
    return path, out, getattr(ad, f"read_{form}")


@pytest.mark.slow
def test_names_of_cells_are_not_read_but_written(cells, stored, command, monkeypatch):
    """They would take more memory than all else for a file of very many cells."""
    tables_read = []

    def read(group, name, *columns):
        tables_read.append(name)
        return read_table(group, name, *columns)

    read_table = _open.read_table
    monkeypatch.setattr(_open, "read_table", read)
    path, out, back = stored
    words = ("score", path, "-o", out, "--axis", "emt")
    assert command(*words)[0] == 0
    assert tables_read == ["var"]
    written = back(out).obsm["dtp_scores"]
    assert written.index.equals(cells.obs_names)
    assert command(*words, "--in-memory", "--overwrite")[0] == 0
    assert tables_read == ["var", "var", "obs"]
    assert back(out).obsm["dtp_scores"].equals(written)
    csv = out.with_name("csv")
    assert command(*words, "--csv", csv, "--overwrite")[0] == 0
    lines = (csv / "dtp_scores.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == list(cells.obs_names)


@pytest.mark.slow
def test_names_of_cells_that_are_numbers_become_text(cells, path, out, command):
    with h5py.File(path, "r+") as file:
        del file["obs"][file["obs"].attrs["_index"]]
        file["obs"]["_index"] = np.arange(cells.n_obs)
        file["obs"].attrs["_index"] = "_index"
    assert command("score", path, "-o", out, "--axis", "emt")[0] == 0
    written = ad.read_h5ad(out)
    assert list(written.obsm["dtp_scores"].index) == [*map(str, range(cells.n_obs))]
    assert written.obsm["dtp_scores"].index.equals(written.obs_names)


def test_table_of_other_length_than_the_matrix(path, out, command):
    with h5py.File(path, "r+") as file:
        obs = file["obs"]
        del obs[obs.attrs["_index"]]
        obs[obs.attrs["_index"]] = np.arange(7)
    code, _, err = command("score", path, "-o", out)
    assert code == 6
    assert "it has 75 entries, but obs has 7" in err
