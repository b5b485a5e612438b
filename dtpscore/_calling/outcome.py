"""What goes into a calling run and what comes out, over all cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._calling.sentences import Limits

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.design import Design
    from dtpscore._calling.features import Features


@dataclass(frozen=True)
class Experiment:
    """All cells with their features.

    Attributes
    ----------
    design, features
        The experiment and the scores of its cells.
    components
        Cells x components of expression, from which the shift may learn as well; no
        column where it learns from the scores alone.
    used
        Cells that take part.
    low
        Tumor cells of low quality.
    keys
        Number of each cell made from its name.
    order
        Cells sorted by name, so that results do not depend on the order in the file.
    """

    design: Design
    features: Features
    components: NDArray[np.float64]
    used: NDArray[np.bool_]
    low: NDArray[np.bool_]
    keys: NDArray[np.uint64]
    order: NDArray[np.int64]


@dataclass
class Outcome:
    """Results, filled batch by batch; arrays over all cells, NaN where not called.

    Attributes
    ----------
    index, proliferation, shift, library_shift, pvalue, qvalue, tail
        float64.
    state, reason
        Strings, empty for cells that take no part.
    axes
        Names of the axes of the contributions.
    contributions, axis_z
        Cells x axes: part of the shift, and mean z of the axis in standard
        deviations of the reference cells.
    groups, references, thresholds, why
        Rows of the tables that go to ``uns``.
    limits, messages
        Sentences for the user: what the run cannot show, and what else to know.
    """

    index: NDArray[np.float64]
    proliferation: NDArray[np.float64]
    shift: NDArray[np.float64]
    library_shift: NDArray[np.float64]
    pvalue: NDArray[np.float64]
    qvalue: NDArray[np.float64]
    tail: NDArray[np.float64]
    state: NDArray[np.str_]
    reason: NDArray[np.str_]
    axes: list[str]
    contributions: NDArray[np.float32]
    axis_z: NDArray[np.float64]
    groups: list[dict[str, Any]] = field(default_factory=list)
    references: list[dict[str, Any]] = field(default_factory=list)
    thresholds: list[dict[str, Any]] = field(default_factory=list)
    why: list[pd.DataFrame] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    messages: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls, n_cells: int, axes: list[str]) -> Outcome:
        """Results of no cell yet."""

        def unknown() -> NDArray[np.float64]:
            return np.full(n_cells, np.nan)

        shape = (n_cells, len(axes))
        return cls(
            index=unknown(),
            proliferation=unknown(),
            shift=unknown(),
            library_shift=unknown(),
            pvalue=unknown(),
            qvalue=unknown(),
            tail=unknown(),
            state=np.full(n_cells, "", dtype="U20"),
            reason=np.full(n_cells, "", dtype="U80"),
            axes=axes,
            contributions=np.full(shape, np.nan, dtype=np.float32),
            axis_z=np.full(shape, np.nan),
        )
