"""Make one annotated AnnData out of the files of a data set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore import __version__, _keys
from dtpscore._genes import nomenclature
from dtpscore.datasets._text import read_cells, read_counts
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from anndata import AnnData

    from dtpscore.datasets._registry import Dataset, File


def _from_table(entry: Dataset, file: File, cells: list[str], path: Path) -> Any:
    """Kept columns of the table of cells, in the order of the counts."""
    table = read_cells(path)
    absent = [name for name in entry.columns if name not in table.columns]
    if absent:
        msg = (
            f"{path} has no column {', '.join(map(repr, absent))}. "
            f"Columns found: {', '.join(map(str, table.columns))}."
        )
        raise DataError(msg)
    unknown = [cell for cell in cells if cell not in table.index]
    if unknown:
        msg = (
            f"{len(unknown)} of {len(cells)} cells of {file.name} are not in "
            f"{path.name}, such as {unknown[0]!r}; that file names cells like "
            f"{table.index[0]!r}."
        )
        raise DataError(msg)
    return table.loc[cells, list(entry.columns)].rename(columns=entry.columns)


def _from_names(pattern: str, names: list[str]) -> pd.DataFrame:
    import pandas as pd

    matches = [re.fullmatch(pattern, name) for name in names]
    odd = [name for name, match in zip(names, matches, strict=True) if match is None]
    if odd:
        msg = f"The row name {odd[0]!r} does not follow the pattern {pattern!r}."
        raise DataError(msg)
    return pd.DataFrame([match.groupdict() for match in matches if match], index=names)


def _annotation(
    entry: Dataset, file: File, cells: list[str], paths: Mapping[str, Path]
) -> pd.DataFrame:
    """Annotation of the rows of one file, plain columns."""
    import pandas as pd

    frame = pd.DataFrame(index=pd.Index(cells))
    if file.cells is not None:
        frame = frame.join(_from_table(entry, file, cells, paths[file.cells.name]))
    if entry.name_pattern is not None:
        frame = frame.join(_from_names(entry.name_pattern, cells))
    for column, value in {**entry.obs, **file.obs}.items():
        frame[column] = value
    if entry.by_day:
        days = [entry.by_day.get(str(day), {}) for day in frame["day"]]
        for column in {name: None for row in days for name in row}:
            frame[column] = [row.get(column) for row in days]
    if "sample" not in frame:
        frame["sample"] = cells
    return frame


def _read_h5ad(entry: Dataset, path: Path) -> AnnData:
    import anndata as ad
    from scipy import sparse

    read = ad.read_h5ad(path)
    renamed = read.obs.rename(columns=entry.columns)
    told = {name: None for file in entry.instead for name in file.obs}
    kept = [name for name in (*entry.columns.values(), *told) if name in renamed]
    obs = renamed[kept]
    counts = sparse.csr_matrix(read.X).astype(np.int32)
    return ad.AnnData(counts, obs=obs, var=read.var[[]])


def _part(entry: Dataset, file: File, paths: Mapping[str, Path]) -> AnnData:
    """One file as AnnData; row names are still those of the file."""
    import pandas as pd
    from anndata import AnnData

    path = paths[file.name]
    if path.suffix == ".h5ad":
        part = _read_h5ad(entry, path)
        for column, value in {**entry.obs, **file.obs}.items():
            part.obs[column] = value
        return part
    table = read_counts(path)
    part = AnnData(
        table.counts,
        obs=_annotation(entry, file, table.cells, paths),
        var=pd.DataFrame(index=pd.Index(table.genes)),
    )
    part.var_names_make_unique()
    if entry.min_genes:
        enough = np.diff(table.counts.indptr) >= entry.min_genes
        part = part[enough].copy()
    for column, label in entry.keep.items():
        part = part[(part.obs[column] == label).to_numpy()].copy()
    return part


def _join(parts: Sequence[AnnData]) -> AnnData:
    """Stack the files on the union of their genes; absent genes count as 0."""
    import anndata as ad

    if len(parts) == 1:
        return parts[0]
    for part in parts:
        names = part.obs_names.astype(str)
        prefix = part.obs["sample"].astype(str) + "_"
        # Some files name cells by their sample already.
        if not all(map(str.startswith, names, prefix)):
            part.obs_names = prefix + names
    joined = ad.concat(parts, join="outer", fill_value=0)
    joined.X = joined.X.tocsr().astype(np.int32)
    return joined[:, np.sort(joined.var_names.to_numpy(dtype=str))].copy()


def _name_genes(adata: AnnData) -> None:
    """Ensembl ids move to ``var``; names become symbols where exactly one fits."""
    import pandas as pd

    ids = adata.var_names.astype(str)
    table = nomenclature("human").others().ensembl
    found = pd.Series([table.get(one, ()) for one in ids], index=ids)
    symbols = found.map(lambda names: names[0] if len(names) == 1 else None)
    clear = symbols.notna() & ~symbols.duplicated(keep=False)
    adata.var["gene_id"] = ids
    adata.var_names = pd.Index(np.where(clear, symbols, ids).astype(str))


def _categories(values: pd.Series, meanings: Mapping[str, str]) -> pd.Categorical:
    import pandas as pd

    known = values.dropna().astype(str)
    order = [label for label in meanings if (known == label).any()]
    return pd.Categorical(
        known.reindex(values.index), categories=order or sorted(known.unique())
    )


def _finish(adata: AnnData, entry: Dataset) -> None:
    """Order the columns, and make text categorical and days ordered."""
    import pandas as pd

    obs = adata.obs
    for column in obs.columns:
        if column == "day":
            days = obs[column].astype(int)
            obs[column] = pd.Categorical(days, sorted(set(days)), ordered=True)
        elif column == "sample" or not pd.api.types.is_numeric_dtype(obs[column]):
            obs[column] = _categories(obs[column], entry.labels.get(column, {}))
    first = [name for name in ("sample", "condition", "day") if name in obs]
    rest = [name for name in obs.columns if name not in first]
    adata.obs = obs[[*first, *rest]]
    adata.obs_names = adata.obs_names.astype(str)
    adata.obs_names.name = "cell" if entry.kind == "single-cell" else "row"


def provenance(name: str, entry: Dataset, files: Sequence[File]) -> dict[str, Any]:
    """Record that goes into ``uns``."""
    import pandas as pd

    parts = [part for file in files for part in file.parts()]
    told = ("title", "kind", "accession", "paper", "doi", "licence", "platform")
    return {
        "name": name,
        **{field: getattr(entry, field) for field in (*told, "species", "note")},
        "checked": entry.checked,
        "labels": {column: dict(texts) for column, texts in entry.labels.items()},
        "files": pd.DataFrame(
            {
                "url": [part.url for part in parts],
                "sha256": [part.sha256 or "unknown" for part in parts],
            },
            index=pd.Index([part.name for part in parts]),
        ),
        "min_genes": entry.min_genes,
        "dtpscore": __version__,
    }


def assemble(
    name: str, entry: Dataset, files: Sequence[File], paths: Mapping[str, Path]
) -> AnnData:
    """Read, annotate and stack the files of a data set.

    Parameters
    ----------
    name
        Name of the data set.
    entry
        Its description.
    files
        The files to read, those of the description or their replacement.
    paths
        Path of every file and every table of cells, by file name.

    Returns
    -------
    Counts (CSR, int32) with annotation and provenance.
    """
    adata = _join([_part(entry, file, paths) for file in files])
    if entry.genes == "ensembl":
        _name_genes(adata)
    _finish(adata, entry)
    adata.uns[_keys.DATASET] = provenance(name, entry, files)
    return adata
