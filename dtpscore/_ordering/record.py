"""What an order and its trends leave in ``uns``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from dtpscore._records import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OrderModel:
    """What is needed to make an order again without some genes.

    Attributes
    ----------
    loadings
        One row per gene of the components, named by the gene: ``column`` of the matrix
        and one column per component.
    coefficients
        One row per fold of the ordinal order: coefficient of each component. None where
        no order was learned from times.
    """

    loadings: pd.DataFrame
    coefficients: pd.DataFrame | None = None


@dataclass(frozen=True, kw_only=True)
class OrderRecord(Record):
    """An order and its checks.

    Attributes
    ----------
    params
        The options of the run by name. An option without a value is absent.
    method
        ``"dpt"``, ``"ordinal"`` or ``"palantir"``.
    root
        Name of the cell that the path starts from.
    n_root_cells, n_unreachable
        Number of reference cells, and of cells that have no position.
    validated
        The order was learned from times, and every cell was placed by fits on other
        replicate series than its own. This shows that the order is found again in
        other series; what comes with time in every series, such as depth, is found
        again as well.
    values
        What the values of the matrix were taken for; see ``dtpscore._values``.
    direction, cycle, branches
        Comparison of the direction with groups, index and time; correlation with the
        phases of the cell cycle; the ends of the path.
    stability
        How orders from other roots, cells and series compare with this one.
    model
        What the order was made of; None where the user brought the representation.
    time_courses, times
        Whether arrest and index go one way over time; how the times were read, where
        they were not plain numbers.
    depth_rho
        Spearman's rho between the counts of a cell and its time, over cells outside
        the holiday; None without counts or times.
    composition
        ``cell_type``, ``time`` and ``share``, the mean over samples, outside the
        holiday; None with one type of cells or one time.
    ambient
        One row per time and kind of foreign RNA: how much of the difference from the
        reference group it makes; see ``dtpscore._ordering.ambient``. None without
        counts, times, a profile or two samples of the reference group.
    reversal
        Where cells of the holiday are, one row per sample.
    agreement
        Spearman's rho between the ordinal order and diffusion pseudotime.
    """

    made_by: ClassVar[str] = "dtpscore.tl.pseudotime (dtpscore pseudotime)"

    params: dict[str, Any]
    method: str
    root: str
    n_root_cells: int
    n_unreachable: int
    validated: bool
    values: str
    direction: pd.DataFrame
    cycle: pd.DataFrame
    branches: pd.DataFrame
    stability: dict[str, Any]
    model: OrderModel | None = None
    time_courses: pd.DataFrame | None = None
    times: pd.DataFrame | None = None
    depth_rho: float | None = None
    composition: pd.DataFrame | None = None
    ambient: pd.DataFrame | None = None
    reversal: pd.DataFrame | None = None
    agreement: dict[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class TrendsRecord(Record):
    """Values along an order.

    Attributes
    ----------
    params
        The options of the run by name.
    features
        One row per axis, gene or signature: its test, change and onset.
    curves
        ``feature``, ``pseudotime``, ``mean``, ``low`` and ``high``; 51 positions per
        feature.
    interval_unit
        What the bootstrap drew: ``"samples"`` or ``"cells"``.
    """

    made_by: ClassVar[str] = "dtpscore.tl.trends (dtpscore pseudotime)"

    params: dict[str, Any]
    features: pd.DataFrame
    curves: pd.DataFrame
    interval_unit: str
