"""Read count tables from text files, genes by cells, one gene at a time."""

from __future__ import annotations

import gzip
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class CountTable:
    """A count table.

    Attributes
    ----------
    cells, genes
        Names.
    counts
        int32, cells x genes.
    """

    cells: list[str]
    genes: list[str]
    counts: csr_matrix


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Open a text file, gzipped or not; damaged gzip becomes a DataError."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as handle:
            yield handle
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        msg = f"{path} is damaged or cut short ({error}). Delete it and fetch it again."
        raise DataError(msg) from error


def separator(path: Path) -> str:
    """Comma in ``.csv`` files, tab in all others."""
    return "," if ".csv" in path.suffixes else "\t"


def _parsed(text: str, sep: str, dtype: type) -> NDArray[np.number] | None:
    """Numbers of a line; None if something in it is not of the type."""
    with warnings.catch_warnings():
        # numpy announces that unreadable text will become an error one day.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, dtype=dtype, sep=sep)
        except (DeprecationWarning, ValueError):
            return None


def _values(text: str, sep: str) -> NDArray[np.number] | None:
    """Numbers of a line; integers are read an order of magnitude faster."""
    whole = _parsed(text, sep, np.int64)
    return _parsed(text, sep, np.float64) if whole is None else whole


def _nonzero(
    values: NDArray[np.number] | None, n_cells: int, place: str
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Cells with a count, and the counts, of one gene."""
    if values is None or len(values) != n_cells:
        found = "text that is no number" if values is None else f"{len(values)} values"
        msg = f"{place}: expected {n_cells} counts, found {found}."
        raise DataError(msg)
    hit = np.flatnonzero(values)
    counts = values[hit]
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts % 1).any():
        msg = f"{place}: expected counts (whole numbers of 0 or more)."
        raise DataError(msg)
    return hit.astype(np.int32), counts.astype(np.int32)


def read_counts(path: Path) -> CountTable:
    """Read a table of counts with one line per gene and one column per cell.

    The first line names the cells; a name for the column of genes, as in Drop-seq's
    ``GENE``, may stand before them. Only the counts above 0 are kept in memory.

    Raises
    ------
    DataError
        The file is damaged, or a line does not hold one count per cell.
    """
    from scipy import sparse

    sep = separator(path)
    genes: list[str] = []
    hits: list[NDArray[np.int32]] = []
    counts: list[NDArray[np.int32]] = []
    cells: list[str] = []
    with _opened(path) as handle:
        header = [
            name.strip('"') for name in handle.readline().rstrip("\r\n").split(sep)
        ]
        for number, line in enumerate(handle, start=2):
            gene, _, rest = line.rstrip("\r\n").partition(sep)
            values = _values(rest, sep)
            if not genes:
                named = values is not None and len(header) == len(values) + 1
                cells = header[1:] if named else header
            hit, count = _nonzero(values, len(cells), f"{path}, line {number} ({gene})")
            genes.append(gene.strip('"'))
            hits.append(hit)
            counts.append(count)
    if not genes:
        msg = f"{path} holds no genes."
        raise DataError(msg)
    indptr = np.cumsum([0, *(len(hit) for hit in hits)])
    by_gene = sparse.csc_matrix(
        (np.concatenate(counts), np.concatenate(hits), indptr),
        shape=(len(cells), len(genes)),
    )
    return CountTable(cells, genes, by_gene.tocsr())


def read_cells(path: Path) -> pd.DataFrame:
    """Read a table of cells; its first column, named or not, becomes the index."""
    import pandas as pd

    with _opened(path) as handle:
        frame = pd.read_csv(handle, sep=separator(path))
    if isinstance(frame.index, pd.RangeIndex):
        frame = frame.set_index(frame.columns[0])
    return frame.set_axis(frame.index.astype(str), axis=0)
