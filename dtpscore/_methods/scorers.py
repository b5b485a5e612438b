"""How each method turns a block into scores; one builder per method."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from dtpscore._kernels import _gains, _sums
from dtpscore._matrix.blocks import Block
from dtpscore._methods.drawn import draw_controls
from dtpscore._methods.linear import (
    Gains,
    LinearScorer,
    SetTable,
    half_sets,
    null_weights,
    signed,
    values_sums,
)
from dtpscore._methods.ssgsea import SsgseaScorer
from dtpscore._methods.strata import Null, expression_bins
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._methods.drawn import Controls
    from dtpscore._methods.strata import GeneTotals
    from dtpscore._options.score import ScoreOptions
    from dtpscore._types import Net

FloatArray: TypeAlias = "NDArray[np.float64]"
Scorer: TypeAlias = Callable[[Block], "tuple[FloatArray, FloatArray | None]"]


@dataclass(frozen=True)
class Setup:
    """What a scorer is built from.

    Attributes
    ----------
    net
        Signatures over the columns of the matrix.
    options
        Choices of the method.
    totals
        Sums of each gene over all cells, or None where no part needs them.
    control
        Prepare the exact control too.
    """

    net: Net
    options: ScoreOptions
    totals: GeneTotals | None = None
    control: bool = False

    @property
    def needed_totals(self) -> GeneTotals:
        """The totals; an error where they are absent."""
        if self.totals is None:
            msg = "The sums of each gene over all cells are needed here."
            raise ValueError(msg)
        return self.totals

    def table(self, *, weighted: bool) -> SetTable:
        """Half-sets by gene."""
        genes, weights = half_sets(self.net, weighted=weighted)
        return SetTable.of(genes, weights, n_genes=self.net.n_genes)

    def null(self, scale: FloatArray, *, weighted: bool) -> Null | None:
        """Strata and weights of the control, if one is wanted."""
        if not self.control:
            return None
        bins = expression_bins(self.needed_totals.means, self.options.n_bins)
        weights = null_weights(self.net, scale, self.options.w_neg, weighted=weighted)
        return Null.of(bins, weights)

    def linear(self, scale: FloatArray, *, weighted: bool) -> LinearScorer:
        """Scorer of plain values; the sum of a half-set is multiplied by ``scale``."""
        return LinearScorer(
            values_sums,
            self.table(weighted=weighted),
            scale,
            self.options.w_neg,
            null=self.null(scale, weighted=weighted),
        )


_RULES = {
    "average": _gains.AVERAGE,
    "min": _gains.MINIMUM,
    "max": _gains.MAXIMUM,
    "order": _gains.ORDER,
}


def mean(setup: Setup) -> Scorer:
    """Weighted mean of the values, ``sum(w x) / sum(abs(w))`` (decoupler wmean)."""
    return setup.linear(_mean_scale(setup.net), weighted=True)


def zscore(setup: Setup) -> Scorer:
    """Weighted mean times ``sqrt(n)`` over the cell's standard deviation.

    n is the number of genes found, the deviation (n - 1) is over all genes of the
    cell. With ``center``, the cell's mean over all genes is subtracted from the
    weighted mean first. This is decoupler's ``zscore``: the form without centering
    is its "RoKAI" flavor and the other its "KSEA" flavor from release 2.3 on (2.2
    has the two names swapped). A cell whose genes are all equal scores 0.
    """
    root = np.sqrt(setup.net.n_found.astype(np.float64))
    # What one unit of the cell's mean takes from a score.
    centers = signed(root * setup.options.center, setup.options.w_neg)
    scorer = setup.linear(root * _mean_scale(setup.net), weighted=True)
    return replace(scorer, finish=partial(_standardize, centers=centers))


def tirosh(setup: Setup) -> Scorer:
    """Mean of the genes minus mean of control genes (scanpy ``score_genes``).

    Bins, drawn control genes and the ``ctrl_as_ref`` choice are those of scanpy for
    the same ``ctrl_size``, ``n_bins`` and ``seed``; each direction draws its
    own. The control z compares the signature's genes, not its drawn controls, with
    the exact null, and is the same as for method ``mean`` without weights. Where no
    control gene is left, the score is NaN.
    """
    net, options = setup.net, setup.options
    genes, weights = half_sets(net, weighted=False)
    bins = expression_bins(setup.needed_totals.means, options.n_bins)
    controls = draw_controls(
        genes,
        bins,
        ctrl_size=options.ctrl_size,
        ctrl_as_ref=options.ctrl_as_ref,
        seed=options.seed,
    )
    scale = _inverse([one.size for one in genes])
    control_scale = _inverse(controls.sizes)
    lacking = (scale > 0) & (control_scale == 0)
    control_scale[lacking] = np.nan
    further = [*controls.own, *controls.groups]
    ones = [np.ones(one.size) for one in further]
    return replace(
        setup.linear(scale, weighted=False),
        table=SetTable.of([*genes, *further], [*weights, *ones], n_genes=net.n_genes),
        finish=partial(
            _minus_controls, controls=controls, scale=control_scale, w_neg=options.w_neg
        ),
    )


def ucell(setup: Setup) -> Scorer:
    """Mann-Whitney U of the genes among the first ``max_rank`` (UCell).

    Rank 1 is the highest value of the cell; genes that are zero, absent from the
    data, or beyond ``max_rank`` count as ``max_rank``. With n genes the score is
    ``1 - (sum of ranks - n(n+1)/2) / (n max_rank - n(n+1)/2)``, which is the sum of
    ``max_rank - rank`` over the same denominator. Equals pyUCell 0.8, which keeps
    average ranks (earlier releases cut them to whole numbers), but is not clipped.
    """
    net, options = setup.net, setup.options
    sizes = net.n_listed if options.missing_genes == "impute" else net.n_found
    long = np.flatnonzero(sizes > options.max_rank)
    if long.size:
        name = net.names[long[0] // 2]
        msg = (
            f"Signature {name!r} has {sizes[long[0]]} genes, more than max_rank "
            f"({options.max_rank}). Raise max_rank, or leave the signature out."
        )
        raise OptionError(msg)
    n = sizes.astype(np.float64)
    scale = _inverse(n * options.max_rank - n * (n + 1) / 2)
    return _on_gains(
        setup, scale, limit=options.max_rank, rule=_RULES[options.ties_method]
    )


def aucell(setup: Setup) -> Scorer:
    """Area under the recovery curve within the first genes of a cell (AUCell).

    The curve is cut at rank ``ceil(auc_fraction * genes)``, at least 2, and its area
    is divided by the largest one possible for the number of genes found. That area
    is the sum over the signature's genes of ``cut - rank`` where positive. Zero
    genes are ranked after the others. Ties "average" gives the mean area over all
    orders of tied genes, zeros included; "order" ranks them by column, which equals
    decoupler's AUCell on the same columns (decoupler first drops columns without
    any value, as ``auc_genes="detected"`` counts them, and shuffles the others).
    """
    net, options = setup.net, setup.options
    if options.ties_method not in {"average", "order"}:
        msg = (
            "Method 'aucell' has ties_method 'average' or 'order', not "
            f"{options.ties_method!r}."
        )
        raise OptionError(msg)
    ranked = np.ones(net.n_genes, np.uint8)
    if options.auc_genes == "detected":
        ranked = (setup.needed_totals.n_stored > 0).astype(np.uint8)
    n_ranked = int(ranked.sum())
    cut = min(max(math.ceil(options.auc_fraction * n_ranked), 2), n_ranked)
    # Found genes at ranks 1, 2, ... until the cut.
    first = np.minimum(net.n_found, max(cut - 1, 0)).astype(np.float64)
    scale = _inverse(first * cut - first * (first + 1) / 2)
    rule = _gains.EXPECTED if options.ties_method == "average" else _gains.ORDER
    return _on_gains(setup, scale, limit=cut, rule=rule, ranked=ranked)


def ssgsea(setup: Setup) -> Scorer:
    """Single-sample GSEA, the ``ES`` of GSEApy with rank normalization.

    With genes in descending order, h the height of a gene above the end of the list
    (1 for the last) and r its average rank from below, over the N genes and the n
    of the set: ``sum(r^w h) / sum(r^w) - (N(N+1)/2 - sum(h)) / (N - n)``.
    """
    options = setup.options
    return SsgseaScorer(
        table=setup.table(weighted=False),
        powers=(np.arange(2 * setup.net.n_genes + 2) / 2) ** options.ssgsea_weight,
        in_order=options.ssgsea_ties == "order",
        w_neg=options.w_neg,
    )


def _on_gains(
    setup: Setup,
    scale: FloatArray,
    *,
    limit: int,
    rule: int,
    ranked: NDArray[np.uint8] | None = None,
) -> Scorer:
    linear = setup.linear(scale, weighted=False)
    table = linear.table
    if ranked is not None:
        # A gene that takes no part has gain 0 wherever it is.
        genes, _ = half_sets(setup.net, weighted=False)
        weights = [ranked[one].astype(np.float64) for one in genes]
        table = SetTable.of(genes, weights, n_genes=setup.net.n_genes)
    return replace(linear, add_up=Gains(limit, rule, ranked), table=table)


def _mean_scale(net: Net) -> FloatArray:
    _, weights = half_sets(net, weighted=True)
    return _inverse([np.abs(one).sum() for one in weights])


def _inverse(values: FloatArray | list[float]) -> FloatArray:
    """1 / value, and 0 for the value 0 of an empty half-set."""
    array = np.asarray(values, np.float64)
    return np.divide(1.0, array, out=np.zeros_like(array), where=array != 0)


def _standardize(
    raw: FloatArray, block: Block, _further: FloatArray, *, centers: FloatArray
) -> FloatArray:
    center, sd = np.empty(block.n_rows), np.empty(block.n_rows)
    _sums.row_moments(block.data, block.indptr, block.n_genes, center, sd)
    return (raw - center[:, None] * centers) * _inverse(sd)[:, None]


def _minus_controls(
    raw: FloatArray,
    _block: Block,
    further: FloatArray,
    *,
    controls: Controls,
    scale: FloatArray,
    w_neg: float,
) -> FloatArray:
    return raw - signed(controls.sums(further) * scale, w_neg)
