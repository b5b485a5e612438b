"""Which results an AnnData holds, and how the report groups its cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import _keys
from dtpscore._frames.groups import column, groups
from dtpscore._results.elements import check_anndata
from dtpscore._results.lazy import waits
from dtpscore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


@dataclass(frozen=True)
class Context:
    """The data of a report, and their groups.

    Attributes
    ----------
    adata
        The data with results.
    groupby, reference, sample_key
        Column with the groups, its reference group, column with the samples.
    """

    adata: AnnData
    groupby: str
    reference: str | None
    sample_key: str | None

    @property
    def member(self) -> pd.Series:
        """Group of each cell."""
        return groups(self.adata, self.groupby, self.reference)

    @property
    def names(self) -> list[str]:
        """Names of the groups, the reference first."""
        return [str(name) for name in self.member.cat.categories]

    @property
    def queries(self) -> list[str]:
        """Names of the groups other than the reference."""
        return [name for name in self.names if name != self.reference]

    @property
    def n_samples(self) -> int:
        """Number of samples; 0 where they are not known."""
        if self.sample_key is None:
            return 0
        return int(column(self.adata, self.sample_key).nunique())

    def record(self, key: str) -> dict[str, Any] | None:
        """Record of a result in ``uns``, or None."""
        found = self.adata.uns.get(key)
        return found if isinstance(found, dict) else None

    @property
    def has_calls(self) -> bool:
        """Whether the cells were called."""
        return _keys.CALL in self.adata.obs and _keys.CALL in self.adata.uns

    @property
    def has_path(self) -> bool:
        """Whether the cells were ordered."""
        return _keys.PSEUDOTIME in self.adata.obs


def context(
    adata: AnnData,
    *,
    groupby: str | None,
    reference: str | None,
    sample_key: str | None,
) -> Context:
    """Complete what is not given from the record of the calls.

    Raises
    ------
    DataError
        There are no scores, no groups are given or known, or a column or group does
        not exist.
    """
    check_anndata(adata)
    if _keys.SCORES not in adata.uns:
        msg = (
            "The data hold no scores to report. Run dtpscore.tl.score (dtpscore score) "
            "or the whole pipeline (dtpscore run) first."
        )
        raise DataError(msg)
    if waits(adata, _keys.SCORES):
        msg = (
            "The scores are not computed yet, and each table of the report would read "
            "the matrix for them. Run dtpscore.tl.compute(adata) first."
        )
        raise DataError(msg)
    called = adata.uns.get(_keys.CALL)
    known = called["params"] if isinstance(called, dict) else {}
    groupby = groupby or known.get("groupby")
    if groupby is None:
        msg = (
            "The report needs the column of obs with the groups. "
            f"Pass groupby (--groupby). Columns there are: {', '.join(adata.obs)}."
        )
        raise DataError(msg)
    made = Context(
        adata=adata,
        groupby=groupby,
        reference=reference or known.get("reference"),
        sample_key=sample_key or known.get("sample_key"),
    )
    if made.sample_key is not None:
        column(adata, made.sample_key)
    if made.member.isna().all():
        msg = f"obs[{groupby!r}] names no group."
        raise DataError(msg)
    return made
