"""Order a file of cells: write a copy with the order and its trends added."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore import _keys, _store
from dtpscore._files.outputs import Outputs
from dtpscore._ordering.design import read_design
from dtpscore._ordering.follow import Order, TrendOptions, find_trends, gene_columns
from dtpscore._ordering.options import PathOptions
from dtpscore._ordering.path import find_path
from dtpscore._results.elements import Element, Source
from dtpscore._results.order import path_elements, trend_elements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dtpscore._ordering.design import Keys
    from dtpscore._ordering.follow import TrendResult
    from dtpscore._ordering.path import PathResult
    from dtpscore._store import Stored


@dataclass(frozen=True)
class OrderJob:
    """What to do with a file.

    Attributes
    ----------
    keys
        Columns of ``obs`` to use.
    options
        How to order.
    source
        Which matrix and which gene names.
    index_key
        Column with the persister index; by default ``"dtp_index"`` where the file has
        it, otherwise the consensus axis.
    trends
        Also follow the axes along the order.
    genes
        Genes to follow beside them.
    backed
        Leave the matrix on disk and read it piece by piece.
    overwrite
        Replace outputs that exist.
    access
        What may be read of the input, and what is left out of the output.
    """

    keys: Keys
    options: PathOptions = field(default_factory=PathOptions)
    source: Source = field(default_factory=Source)
    index_key: str | None = None
    trends: bool = True
    genes: Sequence[str] = ()
    backed: bool = True
    overwrite: bool = False
    access: _store.Access = field(default_factory=_store.Access)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of ``obs`` to read."""
        keys = self.keys
        named = (keys.groupby, keys.time, keys.sample, keys.replicate, self.index_key)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def params(self) -> dict[str, object]:
        """What decides the numbers."""
        return {
            **asdict(self.options),
            **asdict(self.source),
            **asdict(self.keys),
            "use_rep": None,
            "neighbors_key": None,
            "index_key": self.index_key,
        }


def order_file(
    path_in: Path, path_out: Path, job: OrderJob, *, tables: Path | None = None
) -> tuple[PathResult, TrendResult | None]:
    """Order a file of cells into a copy of it.

    Parameters
    ----------
    path_in
        An h5ad file or the folder of a zarr store. It is not changed.
    path_out
        The output: the input with the results added.
    job
        What to do.
    tables
        Folder for the results as CSV files as well.

    Returns
    -------
    The order, and the trends where they are asked for.

    Raises
    ------
    DataError
        The input cannot be used or the output cannot be written.
    ResultError
        There is no path from the root to the other cells.
    """
    job = _with_index(path_in, job)
    with _store.open_matrix(
        path_in,
        job.source,
        backed=job.backed,
        obs=job.columns,
        access=job.access,
    ) as stored:
        outputs = Outputs(
            path_in, path_out, tables, job.overwrite, job.access, stored.seen
        )
        outputs.check((f"{_keys.PSEUDOTIME}*", f"{_keys.TRENDS}*"))
        gene_columns(stored.gene_names, job.genes)
        path = find_path(
            stored.matrix,
            stored.obs,
            stored.gene_names,
            job.keys,
            options=job.options,
            index=None if job.index_key is None else _index(stored, job.index_key),
        )
        elements = path_elements(
            path,
            job.params,
            stored.gene_names,
            key_added=_keys.PSEUDOTIME,
        )
        followed = _trends(stored, elements, job) if job.trends else None
        elements += _trend_elements(followed, job)
        names = stored.obs_names
    outputs.write(elements, names)
    return path, followed


def _with_index(path: Path, job: OrderJob) -> OrderJob:
    """Use the index of an earlier call where the file has one and none is named."""
    if job.index_key is not None:
        return job
    with _store.open_root(path, access=job.access) as root:
        present = "obs" in root and _keys.INDEX in root["obs"]
    return replace(job, index_key=_keys.INDEX) if present else job


def _index(stored: Stored, key: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return stored.obs[key].to_numpy(dtype=np.float64)


def _trends(stored: Stored, elements: Sequence[Element], job: OrderJob) -> TrendResult:
    found = {(element.slot, element.key): element.value for element in elements}
    order = Order(
        time=found["obs", _keys.PSEUDOTIME].astype(np.float64),
        record=found["uns", _keys.PSEUDOTIME],
        design=read_design(stored.obs, job.keys),
    )
    return find_trends(
        stored.matrix,
        stored.gene_names,
        order,
        genes=tuple(job.genes),
        options=TrendOptions(random_state=job.options.random_state),
    )


def _trend_elements(followed: TrendResult | None, job: OrderJob) -> list[Element]:
    """Places of the trends; earlier ones would belong to another order."""
    if followed is None:
        return [Element("uns", _keys.TRENDS, None)]
    params = {
        **asdict(TrendOptions(random_state=job.options.random_state)),
        "genes": list(job.genes),
        "pseudotime_key": _keys.PSEUDOTIME,
    }
    return trend_elements(followed, params, key_added=_keys.TRENDS)
