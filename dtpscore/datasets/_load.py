"""List, fetch and load public data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore.datasets._assemble import assemble
from dtpscore.datasets._download import locate, obtain
from dtpscore.datasets._registry import entry as look_up
from dtpscore.datasets._registry import registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

    from dtpscore.datasets._registry import Dataset, File


def _is_here(files: Sequence[File]) -> bool:
    return all(locate(part) is not None for file in files for part in file.parts())


def _chosen(entry: Dataset) -> tuple[File, ...]:
    """Return the files of the registry, or their replacement where they are absent."""
    return entry.instead if entry.instead and not _is_here(entry.files) else entry.files


def _obtain(files: Sequence[File], *, progress: bool) -> dict[str, Path]:
    parts = [part for file in files for part in file.parts()]
    return {part.name: obtain(part, progress=progress) for part in parts}


def available() -> pd.DataFrame:
    """Table of the public data sets that can be fetched.

    Returns
    -------
    One row per data set, indexed by name. ``n_obs`` and ``n_vars`` are the shape after
    loading and ``mebibytes`` the download, missing where nobody has run it;
    ``checked`` says whether the checksums are known, which also means that the
    loader was run on these very files; ``local`` whether the files are here.

    Raises
    ------
    DataError
        ``DTPSCORE_DATA_DIR`` does not name a folder.

    See Also
    --------
    dtpscore.datasets.load : Load one of them.
    dtpscore.datasets.fetch : Only fetch its files.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.datasets.available().loc["bulk_brafi_4lines", "kind"]
    'bulk'
    """
    import pandas as pd

    rows = {}
    for name, entry in registry().items():
        sizes = [part.size for file in entry.files for part in file.parts()]
        known = [size for size in sizes if size is not None]
        rows[name] = {
            "title": entry.title,
            "kind": entry.kind,
            "n_obs": entry.n_obs,
            "n_vars": entry.n_vars,
            "mebibytes": (
                round(sum(known) / 2**20, 1) if len(known) == len(sizes) else None
            ),
            "accession": entry.accession,
            "paper": entry.paper,
            "doi": entry.doi,
            "licence": entry.licence,
            "checked": entry.checked,
            "local": _is_here(entry.files) or _is_here(entry.instead or entry.files),
        }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")
    return frame.astype({"n_obs": "Int64", "n_vars": "Int64", "mebibytes": "Float64"})


def fetch(name: str, *, progress: bool = True) -> list[Path]:
    """Make sure that the files of a data set are here, and say where.

    Files are looked for in the folder that the environment variable
    ``DTPSCORE_DATA_DIR`` names and in its subfolder ``raw``, then in the cache of the
    user. What is missing is downloaded into the cache. Files with a known SHA-256
    are checked, wherever they lie.

    Parameters
    ----------
    name
        One of `available`.
    progress
        Show a progress bar for downloads, on stderr.

    Returns
    -------
    Paths of the files.

    Raises
    ------
    DataError
        There is no such data set; a file is not here and cannot be downloaded, or is
        not the one expected. A failed download leaves nothing behind.

    See Also
    --------
    dtpscore.datasets.load : Fetch and read.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.datasets.fetch("bulk_skmel5_timecourse")  # doctest: +SKIP
    >>> bool(dtp.datasets.available().loc["bulk_skmel5_timecourse", "checked"])
    True
    """
    return list(_obtain(_chosen(look_up(name)), progress=progress).values())


def load(name: str, *, progress: bool = True) -> AnnData:
    """Load a public data set, fetching it first where it is not here.

    Parameters
    ----------
    name
        One of `available`.
    progress
        Show a progress bar for downloads, on stderr.

    Returns
    -------
    Counts in ``X`` (CSR, int32), gene symbols as ``var_names``.

    ``obs``
        ``sample``, ``condition``, ``day`` (ordered, where there are days), and what
        else is known, such as ``cell_line`` and ``drug``.
    ``var``
        ``gene_id``, where the files name genes by Ensembl id. Genes without exactly
        one current symbol keep the id as their name.
    ``uns["dtpscore_dataset"]``
        Accession, paper, DOI, licence, the meaning of every label, addresses and
        checksums of the files, and ``note``: what to know before reading anything
        from these data.

    Raises
    ------
    DataError
        As `fetch`, or a file does not have the form that is documented for it.

    See Also
    --------
    dtpscore.datasets.available : The names.
    dtpscore.datasets.simulate : Cells without any download.

    Notes
    -----
    The loaders of data sets with ``checked`` False in `available` follow the formats
    that other people's code documents. They were tested on small files of that form,
    never on the files of GEO themselves.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.load("bulk_skmel5_timecourse")  # doctest: +SKIP
    >>> adata.uns["dtpscore_dataset"]["labels"]["condition"]  # doctest: +SKIP
    """
    entry = look_up(name)
    files = _chosen(entry)
    return assemble(name, entry, files, _obtain(files, progress=progress))
