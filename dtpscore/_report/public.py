"""``dtpscore.report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dtpscore import _store
from dtpscore._report.collect import collect
from dtpscore._report.render import render, write_tables

if TYPE_CHECKING:
    from anndata import AnnData


def report(
    adata: AnnData,
    path: str | Path,
    *,
    groupby: str | None = None,
    reference: str | None = None,
    sample_key: str | None = None,
    title: str = "Drug-tolerant persister states",
    tables: str | Path | None = None,
    table_format: Literal["csv", "parquet"] = "csv",
) -> None:
    """Write one HTML page of the results that an AnnData holds; it opens offline.

    The page answers first how many DTP-like cells there are, in which groups, how
    sure that is, by which mechanisms, and what would prove it. It shows what was
    computed: scores alone, or calls, order and enrichment as well.

    Parameters
    ----------
    adata
        Data with scores, and with whatever else was computed.
    path
        File to write; an existing one is replaced.
    groupby
        Column of ``obs`` with the groups; that of the calls by default.
    reference
        Reference group; that of the calls by default.
    sample_key
        Column of ``obs`` with the samples; that of the calls by default.
    title
        Heading of the page.
    tables
        Folder to write every table of the page to.
    table_format
        Format of the tables; parquet needs the package pyarrow.

    Raises
    ------
    DataError
        There are no scores, a column or group does not exist, the file cannot be
        written, or pyarrow is needed and not installed.
    """
    _store.check_file(Path(path), overwrite=True)
    data = collect(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        title=title,
    )
    if tables is not None:
        write_tables(data, Path(tables), kind=table_format)
    with _store.beside(Path(path)) as part:
        part.write_text(render(data), encoding="utf-8")
