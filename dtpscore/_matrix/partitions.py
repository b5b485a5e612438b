"""Work on the row partitions of a dask array, here or on a cluster."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import numpy as np
import scipy.sparse as sp

from dtpscore._matrix.compressed import as_rows
from dtpscore._threads import in_order
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Result = TypeVar("Result")

# Time a scheduler has to answer.
_PATIENCE = "20s"


def is_dask(matrix: object) -> bool:
    """Whether a matrix is a dask array."""
    return hasattr(matrix, "dask") and hasattr(matrix, "chunks")


def whole_rows(matrix: Any) -> Any:
    """Rechunk a dask array so that every chunk holds whole rows, and at least one."""
    sizes = tuple(size for size in matrix.chunks[0] if size) or (0,)
    if matrix.chunks == (sizes, (matrix.shape[1],)):
        return matrix
    if sp.issparse(matrix._meta) and len(matrix.chunks[1]) > 1:
        # dask puts the chunks of a row together, and scipy trusts what they hold.
        matrix = matrix.map_blocks(as_rows, dtype=matrix.dtype, meta=matrix._meta)
    return matrix.rechunk((sizes, -1))


def read_again(matrix: Any) -> Any:
    """Copy a dask array under other names, so that its partitions are read anew.

    Where two steps of one graph use a partition, dask keeps it in memory until the
    second is done. If that one has to wait for all partitions, it needs a reading of
    its own, or the whole matrix would be in memory. Partitions that are in memory
    anyway are shared.
    """
    # dask.graph_manipulation.clone shall do this, but loses parts of sliced arrays.
    try:
        from dask._task_spec import Alias, DataNode, convert_legacy_graph
    except ImportError:  # of a later dask: the same numbers, with more memory
        return matrix
    from dask.array import Array
    from dask.base import clone_key

    seed = uuid4().hex
    graph = dict(matrix.__dask_graph__())
    # Without what the memory of a cluster holds.
    steps = convert_legacy_graph(graph)
    held = {
        key: value
        for key, value in graph.items()
        if key not in steps or isinstance(steps[key], DataNode)
    }
    names = {key: clone_key(key, seed) for key in graph}
    copied = {
        name: Alias(name, key) if key in held else steps[key].substitute(names, name)
        for key, name in names.items()
    }
    name = clone_key(matrix.name, seed)
    again: Any = Array
    return again({**held, **copied}, name, matrix.chunks, meta=matrix._meta)


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
        dask array as `whole_rows` returns it.
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
