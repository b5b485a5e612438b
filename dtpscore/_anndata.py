"""Read from and write into AnnData: the only module that assigns to one."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData, ImplicitModificationWarning

from dtpscore import _keys
from dtpscore._errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dtpscore._scoring import ScoreResult

Slot = Literal["obs", "obsm", "uns"]


@dataclass(frozen=True)
class Source:
    """Which matrix and which gene names of an AnnData to use.

    Attributes
    ----------
    layer
        A layer instead of ``X``.
    use_raw
        ``raw.X`` and its genes instead of ``X``.
    gene_symbols
        Column of ``var`` that holds the gene names; its index when None.
    """

    layer: str | None = None
    use_raw: bool = False
    gene_symbols: str | None = None

    def __post_init__(self) -> None:
        if self.layer is not None and self.use_raw:
            msg = (
                f"Give a layer ({self.layer!r}) or use_raw, not both: they are "
                "different matrices."
            )
            raise DataError(msg)


@dataclass(frozen=True)
class Element:
    """One result and the place it goes to.

    Attributes
    ----------
    slot, key
        ``value`` goes to ``adata.<slot>[key]``.
    value
        A frame over cells for ``obsm``, an array over cells for ``obs``, a dict of
        plain values and frames for ``uns``; None takes the entry away.
    """

    slot: Slot
    key: str
    value: Any


def available(names: Iterable[object]) -> str:
    """Text for an error: what there is to choose from."""
    # anndata 0.13 lists X among the layers, under the name None.
    listed = [repr(str(name)) for name in names if name is not None]
    return ", ".join(listed) if listed else "none"


def gene_names(var: pd.DataFrame, gene_symbols: str | None) -> list[str]:
    """Gene names from the index or a column of ``var``.

    Raises
    ------
    DataError
        The column does not exist.
    """
    if gene_symbols is None:
        return [str(name) for name in var.index]
    if gene_symbols not in var.columns:
        msg = (
            f"var has no column {gene_symbols!r} for the gene names. "
            f"Columns there are: {available(var.columns)}."
        )
        raise DataError(msg)
    return [str(name) for name in var[gene_symbols]]


def pick(adata: AnnData, source: Source) -> tuple[Any, list[str]]:
    """Matrix and gene names to work on; nothing is copied or loaded.

    Raises
    ------
    DataError
        The matrix, the layer or the column of gene names does not exist.
    """
    if not isinstance(adata, AnnData):
        msg = f"Expected an AnnData, got {type(adata).__name__}."
        raise TypeError(msg)
    if source.use_raw:
        if adata.raw is None:
            msg = "use_raw was asked for, but the data have no raw. Use X or a layer."
            raise DataError(msg)
        return adata.raw.X, gene_names(adata.raw.var, source.gene_symbols)
    if source.layer is None:
        matrix, what = adata.X, "X"
    elif source.layer in adata.layers:
        matrix, what = adata.layers[source.layer], f"layer {source.layer!r}"
    else:
        msg = (
            f"There is no layer {source.layer!r}. "
            f"Layers there are: {available(adata.layers.keys())}."
        )
        raise DataError(msg)
    if matrix is None:
        msg = (
            f"{what} is empty. Choose a layer ({available(adata.layers.keys())})"
            " or use_raw."
        )
        raise DataError(msg)
    return matrix, gene_names(adata.var, source.gene_symbols)


def plain(value: Any) -> Any:
    """Turn a value into a form that h5ad and zarr files hold and give back.

    Mappings, sequences of one type, strings, numbers, booleans, None, arrays and
    frames are allowed; keys become strings, tuples become arrays.

    Raises
    ------
    TypeError
        The value has no such form.
    """
    if value is None or isinstance(value, str | bool | int | float | pd.DataFrame):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return np.asarray(value, dtype=None if value else str)
    msg = f"Cannot store a {type(value).__name__} in a data file."
    raise TypeError(msg)


def elements(
    result: ScoreResult,
    key_added: str,
    obs_names: Iterable[str],
    *,
    source: Source | None = None,
) -> list[Element]:
    """Places of a scoring result in an AnnData or a file of one.

    Parameters
    ----------
    result
        What ``dtpscore._scoring.score_matrix`` returned.
    key_added
        Key of the score frame in ``obsm`` and of its record in ``uns``.
    obs_names
        Names of the cells.
    source
        Where the matrix came from; kept with the parameters.

    Returns
    -------
    ``obsm`` frames of scores (and z and p-value), one ``obs`` column an axis, and
    the record for ``uns``.
    """
    index = pd.Index(list(obs_names))
    names = list(result.names)
    frames = {
        key_added: result.scores,
        _keys.control_z(key_added): result.z,
        _keys.control_pvalue(key_added): result.pvalue,
    }
    record = {
        "params": {**result.params, **asdict(source or Source())},
        "coverage": result.coverage,
        "axes": result.axes,
        "provenance": result.provenance,
    }
    return [
        *(
            Element("obsm", key, pd.DataFrame(values, index=index, columns=names))
            for key, values in frames.items()
            if values is not None
        ),
        *(
            Element("obs", _keys.axis_column(axis, key_added), values)
            for axis, values in result.axis.items()
        ),
        Element("uns", key_added, plain(record)),
    ]


def stale(
    record: Mapping[str, Any] | None, fresh: Iterable[Element], key_added: str
) -> list[Element]:
    """Entries of an earlier run under the same key that a new run does not replace.

    Without their removal, an axis that is no longer scored would keep the column of
    the earlier run beside the record of the new one.

    Parameters
    ----------
    record
        ``uns[key_added]`` as the earlier run left it, or None.
    fresh
        Elements of the new run.
    key_added
        The key.
    """
    if record is None or "axes" not in record:
        return []
    kept = {(element.slot, element.key) for element in fresh}
    old: list[tuple[Slot, str]] = [
        ("obs", _keys.axis_column(str(axis), key_added))
        for axis in record["axes"].index
    ]
    old += [
        ("obsm", _keys.control_z(key_added)),
        ("obsm", _keys.control_pvalue(key_added)),
    ]
    return [Element(slot, key, None) for slot, key in old if (slot, key) not in kept]


def writable(adata: AnnData, *, copy: bool = False) -> AnnData:
    """Return the AnnData that results go to: the given one, or a copy of it.

    Raises
    ------
    DataError
        A copy of a file on disk is asked for, or ``adata`` is a view of one.
    """
    if adata.isbacked and (copy or adata.is_view):
        what = "A copy" if copy else "A view"
        msg = (
            f"{what} of data that stay in a file on disk cannot hold results. "
            "Use adata.to_memory() first."
        )
        raise DataError(msg)
    return adata.copy() if copy else adata


def write(adata: AnnData, results: Iterable[Element]) -> None:
    """Put results into an AnnData; a view becomes an AnnData of its own first."""
    with warnings.catch_warnings():
        # anndata copies a view on the first assignment and warns that it does.
        warnings.simplefilter("ignore", ImplicitModificationWarning)
        for element in results:
            slot = getattr(adata, element.slot)
            if element.value is not None:
                slot[element.key] = element.value
            elif element.key in slot:
                del slot[element.key]
