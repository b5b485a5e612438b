"""Which results an AnnData holds, and how the report groups its cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dtpscore import _keys
from dtpscore._results.elements import check_anndata
from dtpscore._results.lazy import waits
from dtpscore._results.scores import keys_of
from dtpscore.errors import DataError
from dtpscore.get._groups import columns, groups, in_order, texts
from dtpscore.get._records import has_calls, has_order
from dtpscore.signatures._directions import check_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from anndata import AnnData

    from dtpscore.get._groups import Columns

_RESULTS = (
    _keys.CALL,
    _keys.PSEUDOTIME,
    _keys.TRENDS,
    _keys.ENRICHMENT,
    _keys.LINEAGES,
    _keys.VULNERABILITIES,
    _keys.COMPARE,
    _keys.PROGRAMS,
    _keys.ENGAGEMENT,
    _keys.RESISTANCE,
)


@dataclass(frozen=True)
class Context:
    """The data of a report, and their groups.

    Attributes
    ----------
    adata
        The data with results.
    design
        Columns of ``obs`` with groups, samples and times, and the reference group.
    scores_key
        Key of the scores to show; None where nothing was scored.
    setting
        Tumor type and drug class of the experiment, as far as they were given.
    """

    adata: AnnData
    design: Columns
    scores_key: str | None
    setting: tuple[str, ...] = ()

    @property
    def groupby(self) -> str:
        """Column with the groups."""
        return self.design.groupby

    @property
    def reference(self) -> str | None:
        """The reference group."""
        return self.design.reference

    @property
    def sample_key(self) -> str | None:
        """Column with the samples."""
        return self.design.sample_key

    @property
    def columns(self) -> dict[str, Any]:
        """Groups, reference and samples, as plots take them."""
        return {
            "groupby": self.groupby,
            "reference": self.reference,
            "sample_key": self.sample_key,
        }

    @cached_property
    def member(self) -> pd.Series:
        """Group of each cell."""
        return groups(self.adata, self.groupby, self.reference)

    @cached_property
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
        return len(texts(self.adata, self.sample_key, "samples")[1])

    @property
    def has_calls(self) -> bool:
        """Whether the cells were called."""
        return has_calls(self.adata)

    @property
    def has_order(self) -> bool:
        """Whether the cells were ordered."""
        return has_order(self.adata)

    def has(self, key: str) -> bool:
        """Whether ``uns`` has the record of a result."""
        return isinstance(self.adata.uns.get(key), dict)

    def ordered(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows of a table by group, in the order of the groups of this report.

        A table without groups, or with others, stays as it is.
        """
        if "group" not in frame or not set(frame["group"].astype(str)) <= {*self.names}:
            return frame
        more = [name for name in ("batch", "sample") if name in frame]
        if "sample" not in frame:
            # The order within a group says something, such as which axis is strongest.
            place = {name: n for n, name in enumerate(self.names)}
            rank = frame["group"].astype(str).map(place)
            return frame.iloc[rank.argsort(kind="stable")].reset_index(drop=True)
        return in_order(frame, ["group", *more], self.names)


def _scores_key(adata: AnnData) -> str | None:
    """Key of the scores to show: the default one, or else the first there is."""
    keys = keys_of(adata)
    if _keys.SCORES in keys:
        return _keys.SCORES
    return keys[0] if keys else None


def context(
    adata: AnnData,
    *,
    groupby: str | None,
    reference: str | None,
    sample_key: str | None,
    time_key: str | None = None,
    setting: Sequence[str] = (),
) -> Context:
    """Complete what is not given from the records of the calls and of the order.

    Raises
    ------
    DataError
        There are no results, no groups are given or known, or a column or group does
        not exist.
    SignatureError
        No contrast is about a tumor type or drug class of the setting.
    """
    check_context(setting)
    check_anndata(adata)
    key = _scores_key(adata)
    if key is None and not any(name in adata.uns for name in _RESULTS):
        msg = (
            "The data hold no results to report: no scores, calls, order or "
            "enrichment. Run dtpscore.tl.score (dtpscore score) or the whole pipeline "
            "(dtpscore run) first."
        )
        raise DataError(msg)
    if key is not None and waits(adata, key):
        msg = (
            "The scores are not computed yet, and each table of the report would read "
            "the matrix for them. Run dtpscore.tl.compute(adata) first."
        )
        raise DataError(msg)
    found = columns(
        adata,
        groupby=groupby,
        reference=reference,
        sample_key=sample_key,
        time_key=time_key,
    )
    made = Context(adata, found, key, tuple(setting))
    if made.member.isna().all():
        msg = f"obs[{found.groupby!r}] names no group."
        raise DataError(msg)
    return made
