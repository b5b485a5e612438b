"""A copy of a file is the file, however the system makes it."""

from __future__ import annotations

import errno
import os
import shutil
import time
from functools import partial
from threading import Event, Timer

import anndata as ad
import numpy as np
import pytest

from dtpscore import _store
from dtpscore._store import _copy
from dtpscore._store._copy import copy_file
from dtpscore.errors import DataError


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(os.urandom(100_001))
    path.chmod(0o400)
    return path


@pytest.mark.parametrize("step", [1_000, 4_096, 100_001, 2**26])
def test_copy_is_the_file(source, tmp_path, step):
    target = tmp_path / "target"
    target.write_bytes(b"what was there" * 10_000)
    copy_file(source, target, step=step)
    assert target.read_bytes() == source.read_bytes()
    assert os.access(target, os.W_OK)


def test_empty_file(tmp_path):
    (tmp_path / "source").touch()
    copy_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b""


@pytest.mark.parametrize("answer", [errno.EXDEV, errno.ENOSYS, None])
def test_system_that_cannot_copy(source, tmp_path, monkeypatch, answer):
    def no(*_):
        if answer is None:
            return 0
        raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(os, "copy_file_range", no, raising=False)
    copy_file(source, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_full_disk_is_said_and_not_tried_again(source, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "copy_file_range", full, raising=False)
    monkeypatch.setattr(shutil, "copyfile", lambda *_: pytest.fail("tried again"))
    with pytest.raises(OSError, match="No space left"):
        copy_file(source, tmp_path / "target")


@pytest.fixture
def cells(tmp_path):
    path = tmp_path / "cells.h5ad"
    ad.AnnData(np.eye(5, dtype=np.float32)).write_h5ad(path)
    return path


def test_copy_is_made_while_the_results_are(cells, tmp_path):
    """What is seen in the folder during the block is the whole copy already."""
    with _store.writing(cells, tmp_path / "out.h5ad") as output:
        end = time.monotonic() + 60
        while not _parts(tmp_path, size=cells.stat().st_size):
            assert time.monotonic() < end, "nothing is copied"
            time.sleep(0.01)
        assert not (tmp_path / "out.h5ad").exists()
        output.put([])
    assert (tmp_path / "out.h5ad").exists()
    assert not _parts(tmp_path)


def _parts(folder, *, size=0):
    return [one for one in folder.glob(".*.part") if one.stat().st_size >= size]


@pytest.mark.parametrize("form", ["file", "folder"])
def test_copy_that_is_not_wanted_any_more_stops(tmp_path, monkeypatch, form):
    """The block fails after the first step, and no further one is made."""
    if form == "file":
        cells, begin = tmp_path / "cells.h5ad", _copy.copy_file
        ad.AnnData(np.eye(500, dtype=np.float32)).write_h5ad(cells)
        monkeypatch.setattr(_copy, "copy_file", partial(begin, step=1_000))
        where = (os, "copy_file_range")
    else:
        cells = tmp_path / "cells.zarr"
        ad.AnnData(np.eye(5, dtype=np.float32)).write_zarr(cells)
        where = (shutil, "copy2")
    plain, stepped, failed = getattr(*where), Event(), Event()
    made = []

    def step(*given):
        made.append(given)
        stepped.set()
        assert failed.wait(60)
        return plain(*given)

    monkeypatch.setattr(*where, step)

    def fail_after_one_step():
        with _store.writing(cells, tmp_path / f"out{cells.suffix}"):
            assert stepped.wait(60)
            # The thread goes on a little after the block has ended.
            Timer(0.5, failed.set).start()
            msg = "no score"
            raise ArithmeticError(msg)

    with pytest.raises(ArithmeticError, match="no score"):
        fail_after_one_step()
    assert len(made) == 1
    assert [one.name for one in tmp_path.iterdir()] == [cells.name]


def test_disk_that_fills_up_during_the_copy_is_said(cells, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "copy_file_range", full, raising=False)
    with (
        pytest.raises(DataError, match=r"No space left.*Nothing was written"),
        _store.writing(cells, tmp_path / "out.h5ad") as output,
    ):
        output.put([])
    assert [one.name for one in tmp_path.iterdir()] == ["cells.h5ad"]
