"""Order a file of cells: write a copy with the order and its trends added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dtpscore import _keys, _store
from dtpscore._files.outputs import Outputs
from dtpscore._options.trends import TrendOptions
from dtpscore._ordering.by_method import Representation
from dtpscore._ordering.cells import read_cells
from dtpscore._ordering.order import find_order
from dtpscore._ordering.trends import KnownOrder, find_trends, gene_columns
from dtpscore._results.elements import Element, Source
from dtpscore._results.order import order_elements, trend_elements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dtpscore._options.order import OrderOptions
    from dtpscore._ordering.order import OrderResult
    from dtpscore._ordering.record import TrendsRecord
    from dtpscore._store import Stored


@dataclass(frozen=True)
class OrderJob:
    """What to do with a file.

    Attributes
    ----------
    options
        How to order. Without ``index_key``, ``"dtp_index"`` is used where the file has
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

    options: OrderOptions
    trends: bool = True
    genes: Sequence[str] = ()
    backed: bool = True
    overwrite: bool = False
    access: _store.Access = field(default_factory=_store.Access)

    @property
    def source(self) -> Source:
        """Which matrix and which gene names."""
        given = self.options
        return Source(given.layer, given.use_raw, given.gene_symbols)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of ``obs`` to read."""
        given = self.options
        named = (
            given.groupby,
            given.time_key,
            given.sample_key,
            given.replicate_key,
            given.cell_type_key,
            given.index_key,
        )
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def trend_options(self) -> TrendOptions:
        """How to follow the axes."""
        return TrendOptions(genes=tuple(self.genes), seed=self.options.seed)


def order_file(
    path_in: Path, path_out: Path, job: OrderJob, *, tables: Path | None = None
) -> tuple[OrderResult, TrendsRecord | None]:
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
        index = None
        if job.options.index_key is not None:
            index = stored.obs[job.options.index_key].to_numpy(dtype=np.float64)
        order = find_order(
            stored.matrix,
            stored.obs,
            stored.gene_names,
            job.options,
            brought=Representation(index=index),
        )
        elements = order_elements(order, key_added=_keys.PSEUDOTIME)
        followed = _trends(stored, order, job) if job.trends else None
        elements += _trend_elements(followed)
        names = stored.obs_names
    outputs.write(elements, names)
    return order, followed


def _with_index(path: Path, job: OrderJob) -> OrderJob:
    """Use the index of an earlier call where the file has one and none is named."""
    if job.options.index_key is not None:
        return job
    with _store.open_root(path, access=job.access) as root:
        present = "obs" in root and _keys.INDEX in root["obs"]
    if not present:
        return job
    options = job.options.model_copy(update={"index_key": _keys.INDEX})
    return replace(job, options=options)


def _trends(stored: Stored, order: OrderResult, job: OrderJob) -> TrendsRecord:
    position = order.orders[order.record.method].astype(np.float32)
    known = KnownOrder(
        time=position.astype(np.float64),
        record=order.record,
        options=job.options,
        experiment=read_cells(stored.obs, job.options.keys),
    )
    return find_trends(stored.matrix, stored.gene_names, known, job.trend_options)


def _trend_elements(followed: TrendsRecord | None) -> list[Element]:
    """Places of the trends; earlier ones would belong to another order."""
    if followed is None:
        return [Element("uns", _keys.TRENDS, None)]
    return trend_elements(followed, key_added=_keys.TRENDS)
