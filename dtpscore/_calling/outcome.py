"""What goes into a run and what comes out of it, over all cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dtpscore._statistics.public_libraries import public_libraries

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from dtpscore._calling.features import Features
    from dtpscore._design import Design
    from dtpscore._statistics.moderated import Prior

# More groups than this are counted in a sentence and not named.
_MOST = 6
# Name of the only batch where no column gives batches.
ONE_BATCH = "all"


@dataclass(frozen=True)
class Experiment:
    """All cells with their features.

    Attributes
    ----------
    design, features
        The experiment and the scores of its cells.
    components
        float64 (cells, components) of expression, from which the shift may learn as
        well. There is no column where it learns from the scores alone.
    used
        bool (cells,): cells that take part.
    low
        bool (cells,): malignant cells of low quality.
    keys
        uint64 (cells,): a number of each cell that is made from its name.
    order
        int64 (cells,): rows of the cells sorted by name, so that results do not
        depend on the order in the file.
    """

    design: Design
    features: Features
    components: NDArray[np.float64]
    used: NDArray[np.bool_]
    low: NDArray[np.bool_]
    keys: NDArray[np.uint64]
    order: NDArray[np.int64]

    @property
    def prior(self) -> Prior:
        """How much libraries differ along a learned direction, in public data."""
        return public_libraries(self.features.excluded).along


def where(batch: str, group: str | None = None) -> str:
    """Beginning of a sentence about a group of a batch, or about either."""
    parts = [] if batch == ONE_BATCH else [f"batch {batch!r}"]
    parts += [] if group is None else [f"group {group!r}"]
    text = ", ".join(parts)
    return f"{_capital(text)}: " if text else ""


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


@dataclass
class Limits:
    """What a run cannot show: sentences, each with the groups that it is true of.

    Attributes
    ----------
    places
        Batch and group by sentence, in the order in which they were added.
    general
        Sentences about the whole run.
    """

    places: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)

    def add(self, batch: str, group: str, sentence: str) -> None:
        """Add a sentence about a group of a batch; it begins in lower case."""
        self.places.setdefault(sentence, []).append((batch, group))

    def sentences(self) -> list[str]:
        """Every sentence once, led by the groups that it is about."""
        return [
            *(f"{_led(places)}{text}" for text, places in self.places.items()),
            *self.general,
        ]


def _led(places: list[tuple[str, str]]) -> str:
    if len(places) == 1:
        return where(*places[0])
    batches = list(dict.fromkeys(batch for batch, _ in places))
    alone = batches == [ONE_BATCH]
    if len(places) > _MOST:
        within = "" if alone else f" in {len(batches)} batches"
        return f"{len(places)} groups{within}: "
    groups = list(dict.fromkeys(group for _, group in places))
    if len(places) != len(batches) * len(groups):
        first, *rest = (where(*place).removesuffix(": ") for place in places)
        lower = (f"{text[0].lower()}{text[1:]}" for text in rest)
        return "; ".join([first, *lower]) + ": "
    own = _named("group", "groups", groups)
    text = own if alone else f"{_named('batch', 'batches', batches)}, {own}"
    return f"{_capital(text)}: "


def _named(singular: str, plural: str, names: list[str]) -> str:
    return f"{singular if len(names) == 1 else plural} {', '.join(map(repr, names))}"


@dataclass
class Outcome:
    """Results, filled batch by batch; arrays over all cells, NaN where not called.

    Attributes
    ----------
    index, proliferation, shift, library_shift, pvalue, qvalue, tail
        float64 (cells,).
    state, reason
        Texts, empty for cells that take no part.
    axes
        Names of the axes of the contributions.
    contributions
        float32 (cells, axes): the part of the shift that each axis carries.
    axis_z
        float64 (cells, axes): the mean of the axis, in standard deviations of the
        reference cells.
    groups, references, thresholds, reasons
        Rows of the tables that go to ``uns``.
    limits, messages, methods
        Sentences: what the run cannot show, what else a user should know, and what
        was done.
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
    reasons: list[pd.DataFrame] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    messages: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls, n_cells: int, axes: list[str]) -> Outcome:
        """Make the results of no cell yet."""

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
