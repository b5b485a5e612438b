"""Compile numerical functions, and work on several blocks at the same time."""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import numba
from numba.core import caching
from numba.np.ufunc import parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    Item = TypeVar("Item")
    Result = TypeVar("Result")


# Seconds in which a thread starts on any machine, however busy.
_PATIENCE = 30.0


class _Cache(caching.FunctionCache):
    """Compiled code on disk; a file that is cut off or empty is written again.

    numba trusts its files. One that a full disk or a killed process left short would
    end every command.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - unpickling damaged bytes raises all kinds
            self._start_again()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception:  # noqa: BLE001 - code that cannot be kept still runs
            self._start_again()

    def _start_again(self) -> None:
        with suppress(OSError):
            self.flush()


def _compiled(**options: Any) -> Callable[[Any], Any]:
    def compile_later(function: Any) -> Any:
        made = numba.njit(error_model="numpy", **options)(function)
        # None where numba is switched off and functions stay as they are.
        if hasattr(made, "enable_caching"):
            made._cache = _Cache(function)
        return made

    return compile_later


# A function that kernels call; compiled into each of them. Division by 0 gives inf
# or NaN, as in numpy.
helper: Any = _compiled()
# A loop over the rows of a block. It uses one thread and leaves the interpreter to
# others meanwhile; blocks are shared out to threads by ``in_order``. That needs no
# thread pool of numba, which must not be entered from two threads at once, nor in a
# forked process, and no wait for the slowest thread after each loop.
kernel: Any = _compiled(nogil=True)


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


def pool(n_workers: int) -> ThreadPoolExecutor:
    """Make a pool of threads, unless there is too little memory for a thread.

    Python waits for ever for a thread that ends, for want of memory, before it can say
    that it started. So one that does nothing is started first, and has some time.

    Parameters
    ----------
    n_workers
        Number of threads.

    Raises
    ------
    MemoryError
        The thread did not start.
    """
    waiting = allocate_lock()
    waiting.acquire()

    def begin() -> None:
        waiting.release()

    start_new_thread(begin, ())
    if not waiting.acquire(timeout=_PATIENCE):
        raise MemoryError
    return ThreadPoolExecutor(n_workers)


class Stopped(Exception):  # noqa: N818 - what happened, and no fault
    """Work in a thread that nobody waits for any more."""


@contextmanager
def meanwhile(
    work: Callable[[Callable[[], None]], Result],
) -> Iterator[Callable[[], Result]]:
    """Work in a thread while the block goes on.

    Parameters
    ----------
    work
        Is given a function that it calls again and again, which raises `Stopped` once
        the block has ended.

    Yields
    ------
    Waits for the result and returns it, or raises what the work raised.

    Raises
    ------
    MemoryError
        The thread did not start.
    """
    ended = Event()

    def go_on() -> None:
        if ended.is_set():
            raise Stopped

    with pool(1) as threads:
        try:
            yield threads.submit(work, go_on).result
        finally:
            ended.set()


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
    with pool(n_workers) as threads:
        try:
            for item in items:
                waiting.append(threads.submit(work, item))
                if len(waiting) > n_workers + 2:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
