"""Work on the row partitions of a dask array, here or on a cluster."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dtpscore._errors import OptionError
from dtpscore._threads import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Result = TypeVar("Result")

# Time a scheduler has to answer.
_PATIENCE = "20s"


def each(
    matrix: Any, work: Callable[[Any, int], Result], *, n_workers: int
) -> Iterator[tuple[slice, Result]]:
    """Apply a function to every row partition of a dask array.

    With a ``distributed.Client`` in use, partitions are read and worked on by its
    cluster, and only results come back; what a lost worker held or was about to do
    is done again elsewhere. Without one, threads of this process read and work.

    Parameters
    ----------
    matrix
        dask array whose chunks hold whole rows.
    work
        Takes the rows of a partition, dense or sparse, and the number of its first
        row. It must be picklable for a cluster.
    n_workers
        Threads to use without a cluster.

    Yields
    ------
    Rows of a partition and the result: in order without a cluster, on a cluster as
    they are finished.
    """
    edges = np.cumsum([0, *matrix.chunks[0]]).tolist()
    parts = [
        (slice(start, stop), chunk)
        for start, stop, chunk in zip(
            edges[:-1], edges[1:], matrix.to_delayed().ravel(), strict=True
        )
        if start < stop
    ]
    client = _client()
    if client is None:

        def here(item: tuple[slice, Any]) -> tuple[slice, Result]:
            rows, chunk = item
            return rows, work(chunk.compute(scheduler="synchronous"), rows.start)

        yield from in_order(here, parts, n_workers=n_workers)
        return
    import distributed
    from dask.delayed import delayed

    as_completed: Any = distributed.as_completed
    # One entry of the graph that all tasks refer to; a scattered copy could be lost.
    shared = delayed(_Work(work))
    task = delayed(_apply)
    futures = client.compute([task(shared, chunk, rows.start) for rows, chunk in parts])
    places = {
        future.key: rows for future, (rows, _) in zip(futures, parts, strict=True)
    }
    waiting = as_completed(futures, with_results=True)
    # Only ``waiting`` holds the futures now, so results leave the workers once read.
    del futures
    for future, result in waiting:
        yield places[future.key], result


@contextmanager
def connected(scheduler: str) -> Iterator[None]:
    """Use a dask cluster inside the block.

    Parameters
    ----------
    scheduler
        Address of the scheduler, such as ``tcp://host:8786``.

    Raises
    ------
    OptionError
        The package distributed is missing, or no scheduler answers there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        msg = "A cluster needs the package distributed: pip install 'dtpscore[dask]'."
        raise OptionError(msg) from error
    try:
        client: Any = Client(scheduler, timeout=_PATIENCE)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        msg = (
            f"No dask scheduler answers at {scheduler!r}: {error}. Give the address "
            "that 'dask scheduler' prints, such as tcp://host:8786."
        )
        raise OptionError(msg) from error
    with client:
        yield


class _Work:
    """Keeps dask from looking into the function."""

    def __init__(self, work: Callable[[Any, int], Any]) -> None:
        self.work = work


def _apply(shared: _Work, chunk: Any, start: int) -> Any:
    return shared.work(chunk, start)


def _client() -> Any:
    """Return the client in use; there is none where distributed is not loaded."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_client

    try:
        return get_client()
    except ValueError:
        return None
