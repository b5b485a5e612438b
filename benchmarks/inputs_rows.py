"""The rows of the table of inputs: what is given, and what must come out."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from inputs_data import NotOfferedError, down, ensembl_ids, up, with_matrix

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anndata import AnnData

N_MANY = 4_500


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    what
        What is given, as the table says it.
    sets
        Makes the gene sets, with a folder for files; one set by default. A dictionary
        of lists is turned into the plain form of the package but where ``form`` is set.
    form
        Whether the row is about the form of the gene sets.
    data
        Makes the data of 60 cells of counts or log values, with a folder for files.
    options
        ``layer`` or ``use_raw``.
    expect
        ``"same"``: the scores of the plain form. ``"signed"``: scores that rise with
        the up genes and fall with the down genes. ``"any"``: scores. ``"all"``: one
        column per set. ``"stored"``: the data can be written to a file and read again.
    cells
        How many of the first cells must have the scores of the plain form.
    storage
        Whether the row is about an AnnData, which a package that takes frames alone
        does not get.
    """

    what: str
    sets: Callable[[Path], Any] = lambda folder: {"mine": up()}
    data: Callable[[AnnData, Path], Any] = lambda cells, folder: cells
    options: dict[str, Any] = field(default_factory=dict)
    expect: Literal["same", "signed", "any", "all", "stored"] = "same"
    cells: int = 60
    storage: bool = False
    form: bool = False


def _net(**more: Any) -> pd.DataFrame:
    return pd.DataFrame({"source": "mine", "target": up(), **more})


def _line(name: str, genes: list[str]) -> str:
    return "\t".join([name, "a description", *genes]) + "\n"


def _gmt(text: str, *, packed: bool = False) -> Callable[[Path], Path]:
    """Return what writes a GMT file into a folder."""

    def write(folder: Path) -> Path:
        path = folder / ("sets.gmt.gz" if packed else "sets.gmt")
        raw = text.encode()
        path.write_bytes(gzip.compress(raw) if packed else raw)
        return path

    return write


def _signed_net(folder: Path) -> pd.DataFrame:
    genes = [*up(), *down()]
    weights = [1.0] * len(up()) + [-1.0] * len(down())
    return pd.DataFrame({"source": "mine", "target": genes, "weight": weights})


def gene_sets() -> list[Row]:
    """Forms of gene sets."""
    plain = _line("mine", up())
    signed = [*up(), *(f"{gene}-" for gene in down())]
    rows = [
        Row("dictionary of lists", lambda _: {"mine": up()}),
        Row("dictionary of arrays", lambda _: {"mine": np.array(up())}),
        Row("plain list of genes", lambda _: up()),
        Row("pandas Series of genes", lambda _: pd.Series(up(), name="mine")),
        Row("list of pandas Series", lambda _: [pd.Series(up(), name="mine")]),
        Row("nested dictionary (groups of sets)", lambda _: {"group": {"mine": up()}}),
        Row("net with source and target", lambda _: _net()),
        Row("net with source, target and weight", lambda _: _net(weight=1.0)),
        Row("net with negative weights", _signed_net, expect="signed"),
        Row("path of a GMT file", _gmt(plain)),
        Row("gzipped GMT file", _gmt(plain, packed=True)),
        Row("GMT file with a byte order mark", _gmt("\ufeff" + plain)),
        Row(
            "GMT file with weights as of Enrichr (`GENE,1.0`)",
            _gmt(_line("mine", [f"{gene},1.0" for gene in up()])),
        ),
        Row("GMT file with one name twice", _gmt(plain + _line("mine", down()))),
        Row("GMT file with an empty set", _gmt(plain + "empty\ta description\n")),
        Row(
            "signs of UCell, up (`GENE+`)",
            lambda _: {"mine": [f"{gene}+" for gene in up()]},
        ),
        Row(
            "signs of UCell, down (`GENE-`)",
            lambda _: {"mine": signed},
            expect="signed",
        ),
        Row(
            "up and down in one dictionary",
            lambda _: {"mine": {"up": up(), "down": down()}},
            expect="signed",
        ),
    ]
    names = [
        Row(
            "gene names in lower case",
            lambda _: {"mine": [gene.lower() for gene in up()]},
        ),
        Row("Ensembl ids in the data, symbols in the sets", data=_ensembl),
    ]
    return [*(replace(row, form=True) for row in rows), *names]


def _ensembl(cells: AnnData, folder: Path) -> AnnData:
    cells.var_names = ensembl_ids(list(cells.var_names))
    return cells


def _dask(cells: AnnData, folder: Path) -> AnnData:
    from dask import array

    return with_matrix(cells, array.from_array(cells.X.toarray(), chunks=(20, 600)))


def _backed(cells: AnnData, folder: Path) -> AnnData:
    cells.write_h5ad(folder / "cells.h5ad")
    return ad.read_h5ad(folder / "cells.h5ad", backed="r")


def _whole(cells: AnnData, folder: Path) -> AnnData:
    if (cells.X.data % 1).any():
        raise NotOfferedError
    return with_matrix(cells, cells.X.astype(np.int64))


def _layer(cells: AnnData, folder: Path) -> AnnData:
    cells.layers["values"] = cells.X.copy()
    return with_matrix(cells, sp.csr_matrix(cells.shape, dtype=np.float32))


def _raw(cells: AnnData, folder: Path) -> AnnData:
    cells.raw = cells.copy()
    return with_matrix(cells, np.asarray(cells.X.toarray() - 1.0, dtype=np.float32))


def _dense(order: Literal["C", "F"], dtype: str) -> Callable[[AnnData, Path], AnnData]:
    def make(cells: AnnData, folder: Path) -> AnnData:
        values = np.asarray(cells.X.toarray(), dtype=dtype, order=order)
        return with_matrix(cells, values)

    return make


def matrices() -> list[Row]:
    """Forms of matrices."""
    rows = [
        Row("CSR"),
        Row("CSC", data=lambda cells, _: with_matrix(cells, cells.X.tocsc())),
        Row(
            "CSR array (`csr_array`)",
            data=lambda cells, _: with_matrix(cells, sp.csr_array(cells.X)),
        ),
        Row("dense float32", data=_dense("C", "float32")),
        Row("dense float64", data=_dense("C", "float64")),
        Row("dense, by columns (Fortran order)", data=_dense("F", "float32")),
        Row("whole numbers (int64, CSR)", data=_whole),
        Row("dask array", data=_dask),
        Row("backed h5ad", data=_backed),
        Row("a view of 40 cells", data=lambda cells, _: cells[:40], cells=40),
        Row("`layer=`", data=_layer, options={"layer": "values"}),
        Row("`.raw`", data=_raw, options={"use_raw": True}),
    ]
    stored = [replace(row, storage=True) for row in rows]
    frame = Row("data frame of cells by genes", data=lambda cells, _: cells.to_df())
    return [*stored, frame]


def _changed(value: float) -> Callable[[AnnData, Path], AnnData]:
    """Return what puts a value into the last cell, at a gene of the set."""

    def make(cells: AnnData, folder: Path) -> AnnData:
        values = cells.X.toarray()
        values[-1, 0] = value
        return with_matrix(cells, sp.csr_matrix(values))

    return make


def _no_counts(cells: AnnData, folder: Path) -> AnnData:
    values = cells.X.toarray()
    values[-1] = 0
    return with_matrix(cells, sp.csr_matrix(values))


def _duplicated(cells: AnnData, folder: Path) -> AnnData:
    names = list(cells.var_names)
    names[-1] = names[-2]
    cells.var_names = names
    return cells


def _many(folder: Path) -> dict[str, list[str]]:
    rng = np.random.default_rng(0)
    genes = [*up(), *down()]
    return {
        f"set_{number}": list(rng.choice(genes, 10, replace=False))
        for number in range(N_MANY)
    }


def odd_data() -> list[Row]:
    """Data and sets that are out of the ordinary."""
    absent = ["GENE_A", "GENE_B", "GENE_C"]
    return [
        Row("NaN in X", data=_changed(np.nan), expect="any"),
        Row("infinity in X", data=_changed(np.inf), expect="any"),
        Row("a value below 0 in X", data=_changed(-1.0), expect="any"),
        Row("a cell with no counts", data=_no_counts, cells=59),
        Row("one cell", data=lambda cells, _: cells[:1].copy(), expect="any"),
        Row(
            "a set with no gene in the data, beside another",
            lambda _: {"mine": up(), "absent": absent},
        ),
        Row(
            "no gene of any set in the data", lambda _: {"absent": absent}, expect="any"
        ),
        Row("an empty list beside a set", lambda _: {"mine": up(), "empty": []}),
        Row("duplicated var names", data=_duplicated, expect="any"),
        Row("4,500 sets", _many, expect="all"),
        Row(
            "a set called `_index`, written to a file",
            lambda _: {"_index": up()},
            expect="stored",
        ),
    ]


def groups() -> dict[str, list[Row]]:
    """Rows by their part of the table."""
    return {
        "Forms of gene sets": gene_sets(),
        "Forms of matrices": matrices(),
        "Odd data": odd_data(),
    }
