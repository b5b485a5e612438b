"""``dtpscore.report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dtpscore import _store
from dtpscore._design import names
from dtpscore._report.collect import collect
from dtpscore._report.render import render, write_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData


def report(
    adata: AnnData,
    path: str | Path,
    *,
    groupby: str | None = None,
    reference: str | None = None,
    sample_key: str | None = None,
    time_key: str | None = None,
    title: str = "Drug-tolerant persister states",
    context: str | Sequence[str] = (),
    tables: str | Path | None = None,
    table_format: Literal["csv", "parquet"] = "csv",
    overwrite: bool = True,
) -> None:
    """Write one HTML page of the results that an AnnData holds; it opens offline.

    The page answers first, for each arm and time, whether DTP-like cells were called,
    were not found, or whether nothing is decided, and why. It then says how sure that
    is, by which mechanisms, whether the cells return off the drug, and what would prove
    it. It shows what was computed: scores, calls, an order, or an enrichment.

    Each table can be filtered and sorted, with the keyboard too, and be saved as CSV;
    each figure can be saved as SVG or PNG. Where ``obsm`` has an embedding
    (``X_umap``, or else ``X_tsne``, ``X_diffmap`` or ``X_pca``), up to 2,000 cells are
    on a map that is colored by state, group, sample, time or any score, and read cell
    by cell.

    Parameters
    ----------
    adata
        Data with scores, calls, an order or an enrichment.
    path
        File to write.
    groupby
        Column of ``obs`` with the groups; that of the calls by default.
    reference
        Reference group; that of the calls by default.
    sample_key
        Column of ``obs`` with the samples; that of the calls by default.
    time_key
        Column of ``obs`` with times or doses; that of the calls or of the order by
        default.
    title
        Heading of the page.
    context
        Tumor type of the experiment, class of its drug, or both, as
        `dtpscore.signatures.direction` takes them (``"melanoma"``, ``"BRAF
        inhibitor"``). Expected directions are then those of such contrasts.
    tables
        Folder to write every table of the page to.
    table_format
        Format of the tables; parquet needs the package pyarrow.
    overwrite
        Replace files that exist.

    Raises
    ------
    DataError
        There are no results, a column or group does not exist, a file exists that may
        not be replaced or cannot be written, or pyarrow is needed and not installed.
    SignatureError
        No contrast of persisters is about the context.

    See Also
    --------
    dtpscore.get : The numbers of the page as data frames.

    Examples
    --------
    >>> import dtpscore as dtp, tempfile
    >>> from pathlib import Path
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0)
    >>> dtp.tl.score(adata)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = Path(folder) / "report.html"
    ...     dtp.report(adata, page, groupby="condition", reference="parental")
    ...     page.stat().st_size > 10_000
    True
    """
    page = Path(path).expanduser()
    folder = None if tables is None else Path(tables).expanduser()
    _store.check_file(page, overwrite=overwrite)
    data = collect(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        time_key=time_key,
        title=title,
        setting=names(context),
    )
    if folder is not None:
        write_tables(data, folder, kind=table_format, overwrite=overwrite)
    with _store.beside(page) as part:
        name = "" if folder is None else folder.resolve().name
        html = render(data, folder=name, kind=table_format)
        part.write_text(html, encoding="utf-8")
