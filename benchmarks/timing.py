"""Timing on a shared machine: fastest or middle of a few runs, in wall and CPU time."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Timed:
    """Fewest wall and CPU seconds (all threads of the process), and the result."""

    seconds: float
    cpu: float
    value: Any


def fastest(call: Callable[[], Any], *, repeats: int) -> Timed:
    """Run a function a few times; other work on the machine can only slow it down."""
    wall, cpu, value = float("inf"), float("inf"), None
    for _ in range(repeats):
        gc.collect()
        start, start_cpu = time.perf_counter(), time.process_time()
        value = call()
        wall = min(wall, time.perf_counter() - start)
        cpu = min(cpu, time.process_time() - start_cpu)
    return Timed(wall, cpu, value)


def middle(
    call: Callable[[], Any], *, repeats: int, patience: float = float("inf")
) -> Timed:
    """Run a function a few times and take the medians, for ratios within one run.

    No further run is started once ``patience`` seconds are over.
    """
    found: list[Timed] = []
    begun = time.perf_counter()
    while len(found) < repeats and time.perf_counter() - begun < patience:
        found.append(fastest(call, repeats=1))
    return medians(found)


def medians(times: Sequence[Timed]) -> Timed:
    """Medians of wall and CPU time, with the last value."""
    wall = statistics.median(one.seconds for one in times)
    cpu = statistics.median(one.cpu for one in times)
    return Timed(wall, cpu, times[-1].value)


def warm(call: Callable[[], Any], *, repeats: int) -> Timed:
    """Run once to compile and to load caches, then time."""
    call()
    return fastest(call, repeats=repeats)


@numba.njit
def _plain_pass(data: Any, indices: Any, indptr: Any, out: Any) -> None:
    for row in range(indptr.size - 1):
        total = 0.0
        columns = 0
        for k in range(indptr[row], indptr[row + 1]):
            total += data[k]
            columns += indices[k]
        out[row] = total + columns


@numba.njit(fastmath=True)
def _vector_pass(data: Any, indices: Any, indptr: Any, out: Any) -> None:
    for row in range(indptr.size - 1):
        values = data[indptr[row] : indptr[row + 1]]
        places = indices[indptr[row] : indptr[row + 1]]
        total = np.float32(0.0)
        columns = 0
        for k in range(values.size):
            total += values[k]
            columns += places[k]
        out[row] = total + columns


def floors(matrix: Any, *, repeats: int) -> tuple[float, float]:
    """CPU seconds to read values and indices once: plain loop, and one on vectors.

    The plain loop adds in the order of the columns, as a sum over genes must to be
    the same everywhere; the other is free to reorder and comes close to the speed
    of the memory.
    """
    out = np.empty(matrix.shape[0])
    arrays = (matrix.data, matrix.indices, matrix.indptr, out)
    plain = warm(lambda: _plain_pass(*arrays), repeats=3 * repeats).cpu
    vector = warm(lambda: _vector_pass(*arrays), repeats=3 * repeats).cpu
    return plain, vector


_FIRST_CALL = """
import time
import numpy as np, scipy.sparse as sp
import anndata as ad
import dtpscore as dtp
rng = np.random.default_rng(0)
sigs = dtp.signatures.select()
names = sorted({g for s in sigs for g in (*s.genes.up, *s.genes.down)})
values = rng.poisson(0.5, (200, len(names))).astype(np.float32)
adata = ad.AnnData(sp.csr_matrix(values))
adata.var_names = names
times = []
for _ in range(4):
    start, start_cpu = time.perf_counter(), time.process_time()
    dtp.tl.score(adata)
    times.append((time.perf_counter() - start, time.process_time() - start_cpu))
first, *later = times
print(*(first[i] - min(one[i] for one in later) for i in range(2)))
"""


def first_call(*, repeats: int) -> Timed:
    """Seconds that the first call in a new process takes longer than later ones."""
    wall, cpu = [], []
    for _ in range(repeats + 1):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _FIRST_CALL],
            check=True,
            capture_output=True,
            text=True,
        )
        one = [float(word) for word in done.stdout.split()]
        wall.append(one[0])
        cpu.append(one[1])
    # The first process may have had to compile and fill the cache on disk.
    return Timed(min(wall[1:]), min(cpu[1:]), None)


def process_seconds(*arguments: str, repeats: int) -> float:
    """Wall time of ``python ARGUMENTS``, the start of the interpreter included."""
    command = [sys.executable, *arguments]
    return fastest(
        lambda: subprocess.run(command, check=True, capture_output=True),
        repeats=repeats,
    ).seconds
