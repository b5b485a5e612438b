"""Compile numerical functions, and work on several blocks at the same time."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numba
from numba.np.ufunc import parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    Item = TypeVar("Item")
    Result = TypeVar("Result")

# A function that kernels call; compiled into each of them. Division by 0 gives inf
# or NaN, as in numpy.
helper: Any = numba.njit(cache=True, error_model="numpy")
# A loop over the rows of a block. It uses one thread and leaves the interpreter to
# others meanwhile; blocks are shared out to threads by ``in_order``. That needs no
# thread pool of numba, which must not be entered from two threads at once, nor in a
# forked process, and no wait for the slowest thread after each loop.
kernel: Any = numba.njit(cache=True, nogil=True, error_model="numpy")


def n_threads(n_jobs: int | None) -> int:
    """Threads to use: as many as asked for, up to those numba may use.

    Parameters
    ----------
    n_jobs
        Number of threads; None for as many as numba uses.
    """
    largest: int = vars(numba.config)["NUMBA_NUM_THREADS"]
    return max(1, min(n_jobs or _of_numba(largest), largest))


def _of_numba(largest: int) -> int:
    """Threads that numba uses; its own pool of threads is not started for it.

    ``numba.get_num_threads()`` starts the pool, and a process with one (of OpenMP) must
    not be forked any more: a child that runs a parallel function of numba ends at once.
    Only ``numba.set_num_threads`` changes the number, and it starts the pool as well.
    """
    if not getattr(parallel, "_is_initialized", True):
        return largest
    return numba.get_num_threads()


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, n_workers: int
) -> Iterator[Result]:
    """Apply a function to items in threads.

    Items are taken one after another, in the calling thread, while the threads work;
    few wait at any time. After an error no further item is started.

    Parameters
    ----------
    work
        Applied to each item.
    items
        What to work on.
    n_workers
        Number of threads.

    Yields
    ------
    Results in the order of the items.
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(n_workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > n_workers + 2:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
