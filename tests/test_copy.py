"""A copy of a file is the file, however the system makes it."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

from dtpscore._store._copy import copy_file


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
