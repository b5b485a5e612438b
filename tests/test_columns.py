"""Results kept in files are those kept in memory, and need no memory of their own."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
from small_counts import COUNTS, GENES, make_pack

from dtpscore._errors import DataError
from dtpscore._matrix.columns import FileColumns
from dtpscore._results.scores import elements
from dtpscore._scoring.run import ScoreOptions, score_matrix
from dtpscore._store._tables import tables


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
