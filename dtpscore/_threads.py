"""Compile a function for many threads and for one, and choose between them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import update_wrapper
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numba

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A function that kernels call; compiled into each of them.
helper = numba.njit(cache=True)


class Kernel:
    """One numerical function with a parallel and a serial build, both cached on disk.

    Numba's default thread pool must not be entered from two threads at once, so
    the serial build runs everywhere but in the main thread. Both builds give the
    same numbers, because every output row has one writer.

    Attributes
    ----------
    body
        The plain Python function, for tests.
    """

    def __init__(self, body: FunctionType) -> None:
        self.body = body
        self._parallel = numba.njit(
            _renamed(body, "parallel"), cache=True, nogil=True, parallel=True
        )
        self._serial = numba.njit(_renamed(body, "serial"), cache=True, nogil=True)
        update_wrapper(self, body)

    def __call__(self, *args: Any) -> Any:
        in_main = threading.current_thread() is threading.main_thread()
        return self._parallel(*args) if in_main else self._serial(*args)


def kernel(body: Callable[..., Any]) -> Kernel:
    """Compile ``body``, which loops with ``numba.prange``, in both ways."""
    if not isinstance(body, FunctionType):
        msg = f"A kernel is made from a plain function, not from {body!r}."
        raise TypeError(msg)
    return Kernel(body)


def _renamed(body: FunctionType, suffix: str) -> FunctionType:
    # The name is part of numba's cache key, the parallel flag is not.
    copy = FunctionType(body.__code__, body.__globals__, body.__name__)
    copy.__module__ = body.__module__
    copy.__qualname__ = f"{body.__qualname__}_{suffix}"
    return copy


@contextmanager
def threads(n_jobs: int | None) -> Iterator[int]:
    """Use ``n_jobs`` threads inside the block and restore the count after it.

    Parameters
    ----------
    n_jobs
        Number of threads; None keeps the present number. More than numba was
        started with is cut to that number.

    Yields
    ------
    The number of threads in use.
    """
    before = numba.get_num_threads()
    wanted = before if n_jobs is None else n_jobs
    largest: int = vars(numba.config)["NUMBA_NUM_THREADS"]
    numba.set_num_threads(max(1, min(wanted, largest)))
    try:
        yield numba.get_num_threads()
    finally:
        numba.set_num_threads(before)
