"""Choices that belong to a scoring method."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

from dtpscore.errors import OptionError


@dataclass(frozen=True)
class MethodOptions:
    """Choices for how a method scores; each method reads the ones it names.

    Attributes
    ----------
    normalize
        "log1p" scores ``log(1 + counts per 10,000)``; None scores the values as
        they are.
    max_rank
        ucell: ranks beyond this one count as this one.
    ties_method
        ucell, aucell: ranks of equal values. "average": their mean rank (for
        aucell, and for ucell where nothing is cut, this is the mean score over all
        orders of the tied genes). "order": by column, the first leads. "min" and
        "max": ucell only, as in ``scipy.stats.rankdata``.
    w_neg
        Weight of the down genes: score = up - w_neg * down.
    clip
        Set scores below 0 to 0, as pyUCell does.
    missing_genes
        ucell: listed genes that the data lack count as unexpressed ("impute"), or
        are left out of the signature ("skip").
    auc_fraction
        aucell: the curve is followed through this fraction of the genes.
    auc_genes
        aucell: genes that fraction is taken of. "all": every column. "detected":
        columns with a value above 0 in any cell, which makes a score depend on the
        cells it is computed with.
    n_bins
        tirosh, and the control: number of expression bins.
    ctrl_size
        tirosh: control genes drawn from each bin.
    ctrl_as_ref
        tirosh: draw from all genes of the bin and then leave out the signature's
        own (scanpy 1.x), or draw from the others only (scanpy 2.0).
    random_state
        tirosh: seed of the draw.
    center
        zscore: subtract the cell's mean over all genes.
    ssgsea_weight
        ssgsea: exponent of the rank.
    ssgsea_ties
        ssgsea: "order": equal values are ordered by column, the last leads, as in
        GSEApy. "average": mean position of the tied genes.
    """

    normalize: Literal["log1p"] | None = None
    max_rank: int = 1500
    ties_method: Literal["average", "min", "max", "order"] = "average"
    w_neg: float = 1.0
    clip: bool = False
    missing_genes: Literal["impute", "skip"] = "impute"
    auc_fraction: float = 0.05
    auc_genes: Literal["all", "detected"] = "all"
    n_bins: int = 25
    ctrl_size: int = 50
    ctrl_as_ref: bool = True
    random_state: int = 0
    center: bool = False
    ssgsea_weight: float = 0.25
    ssgsea_ties: Literal["order", "average"] = "order"

    def __post_init__(self) -> None:
        for name in ("clip", "ctrl_as_ref", "center"):
            _one_of(name, getattr(self, name), (True, False))
        _one_of("normalize", self.normalize, (None, "log1p"))
        _one_of("ties_method", self.ties_method, ("average", "min", "max", "order"))
        _one_of("missing_genes", self.missing_genes, ("impute", "skip"))
        _one_of("auc_genes", self.auc_genes, ("all", "detected"))
        _one_of("ssgsea_ties", self.ssgsea_ties, ("order", "average"))
        whole_at_least("max_rank", self.max_rank, 1)
        whole_at_least("n_bins", self.n_bins, 2)
        whole_at_least("ctrl_size", self.ctrl_size, 1)
        whole_at_least("random_state", self.random_state, 0)
        _at_least("w_neg", self.w_neg, 0)
        _at_least("ssgsea_weight", self.ssgsea_weight, 0)
        _at_least("auc_fraction", self.auc_fraction, 0)
        if not 0 < self.auc_fraction <= 1:
            fraction = self.auc_fraction
            msg = f"auc_fraction must be above 0 and at most 1, not {fraction}."
            raise OptionError(msg)


def _one_of(name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    if value not in allowed:
        choices = ", ".join(repr(one) for one in allowed)
        msg = f"{name} must be one of {choices}, not {value!r}."
        raise OptionError(msg)


def whole_at_least(name: str, value: Any, lowest: int) -> None:
    """Check that an option is a whole number of a least size.

    Raises
    ------
    OptionError
        It is not.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        msg = f"{name} must be a whole number, not {value!r}."
        raise OptionError(msg)
    _at_least(name, value, lowest)


def _at_least(name: str, value: Any, lowest: float) -> None:
    if not isinstance(value, Real) or not float(value) >= lowest:
        msg = f"{name} must be {lowest} or more, not {value!r}."
        raise OptionError(msg)
