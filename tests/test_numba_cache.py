"""Compiled code on disk that is damaged is compiled again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

CODE = """
import numpy as np
from dtpscore._kernels import _rows
out = np.zeros(2, np.int64)
_rows.count_nonzero(np.eye(2), out)
print(out.sum(), sum(_rows.count_nonzero.stats.cache_hits.values()))
"""


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("keep", [0, 20])
def test_a_file_of_the_cache_that_is_cut_off(tmp_path, ending, keep):
    def run():
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert run() == ["2", "0"]
    assert run() == ["2", "1"]
    for file in tmp_path.rglob(f"*count_nonzero*.{ending}"):
        file.write_bytes(file.read_bytes()[:keep])
    assert run() == ["2", "0"]
    assert run() == ["2", "1"]
