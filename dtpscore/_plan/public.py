"""``dtpscore.plan``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore._options.plan import PlanOptions
from dtpscore._plan.pilot import Pilot, read_pilot
from dtpscore._plan.simulate import (
    LEAST_CALLED,
    Design,
    cell_power,
    effect_at_depth,
    group_power,
)
from dtpscore._statistics.public_libraries import public_libraries
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anndata import AnnData
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Plan:
    """How likely an experiment is to make its claims.

    Attributes
    ----------
    table
        One row per design; see `dtpscore.plan`.
    params
        What it rests on.
    methods
        Sentences for an application or a methods section.
    pilot
        What was read from pilot data; None without.
    """

    table: pd.DataFrame
    params: dict[str, Any]
    methods: list[str] = field(default_factory=list)
    pilot: Pilot | None = None

    def smallest(
        self, power: float = 0.8, *, claim: str = "group_power"
    ) -> pd.DataFrame:
        """Smallest number of samples that reaches a power, for each size and depth.

        Parameters
        ----------
        power
            Power to reach, 0 to 1.
        claim
            ``"group_power"`` or ``"cell_power"``.

        Returns
        -------
        The first rows of the table that reach it, one per number of cells and depth;
        none for those that never do.
        """
        if claim not in ("group_power", "cell_power"):
            msg = f"claim must be group_power or cell_power, not {claim!r}."
            raise OptionError(msg)
        reached = self.table[(self.table[claim] >= power).to_numpy()]
        first = reached.sort_values("n_samples", kind="stable")
        return first.drop_duplicates(["n_cells", "depth"]).reset_index(drop=True)

    def plot(
        self,
        *,
        figsize: tuple[float, float] | None = None,
        title: str | None = None,
        ax: Axes | None = None,
        return_fig: bool = False,
        show: bool | None = None,
        save: str | Path | bool | None = None,
    ) -> Any:
        """Draw the power of both claims by samples, a line per cells and depth.

        The arguments are those of the functions of ``dtpscore.pl``. With ``ax`` the
        group claim is drawn alone.
        """
        from dtpscore.pl._plan import draw

        return draw(
            self.table,
            figsize=figsize,
            title=title,
            ax=ax,
            return_fig=return_fig,
            show=show,
            save=save,
        )

    def __str__(self) -> str:
        """Return the sentences and the table as text."""
        shown = self.table.round(3).to_string(index=False)
        return "\n".join([*self.methods, shown])


def _with_pilot(
    options: PlanOptions, pilot: Pilot | None, given: set[str]
) -> PlanOptions:
    """Options with what the pilot says in place of defaults."""
    if pilot is None:
        return options
    found = {
        "library_sd": pilot.library_sd,
        "reference_depth": pilot.depth,
        "technical": pilot.technical,
    }
    new = {
        name: value
        for name, value in found.items()
        if name not in given and np.isfinite(value)
    }
    return PlanOptions.read({**options.model_dump(), **new})


def _rows(options: PlanOptions, library_sd: float) -> list[dict[str, float]]:
    rows = []
    for depth in options.depth or (options.reference_depth,):
        at_depth = [
            effect_at_depth(
                value,
                depth,
                reference_depth=options.reference_depth,
                technical=options.technical,
            )
            for value in (options.effect, library_sd)
        ]
        for n_cells in options.n_cells:
            for n_samples in options.n_samples:
                design = Design(
                    effect=at_depth[0],
                    share=options.share,
                    library_sd=at_depth[1],
                    n_samples=n_samples,
                    n_cells=n_cells,
                    paired=options.paired,
                    alpha=options.alpha,
                )
                cells = cell_power(design, options.n_cell_simulations, options.seed)
                rows.append(
                    {
                        "n_samples": n_samples,
                        "n_cells": n_cells,
                        "depth": depth,
                        "effect": at_depth[0],
                        "group_power": group_power(
                            design, options.n_simulations, options.seed
                        ),
                        "cell_power": cells[0],
                        "persisters_called": cells[1],
                        "wrong_calls": cells[2],
                    }
                )
    return rows


def _methods(
    options: PlanOptions, library_sd: float, pilot: Pilot | None, source: str
) -> list[str]:
    told = [
        f"Persisters are {options.share:.0%} of the treated cells and lie "
        f"{options.effect:g} standard deviations of the untreated cells away; "
        f"the means of replicate libraries differ with a standard deviation of "
        f"{library_sd:.3g} ({source}).",
        "The group claim is the "
        + ("paired " if options.paired else "")
        + f"t test over samples at a level of {options.alpha:g} "
        f"({options.n_simulations:,} simulated experiments per row). The cell claim "
        f"calls cells along one known direction at a false discovery rate of "
        f"{options.alpha:g} and counts where {LEAST_CALLED:.0%} or more of the "
        f"persisters are called ({options.n_cell_simulations:,} experiments per row). "
        "Values are normal in these simulations. A real call has to learn its "
        "direction from many features, so the power of the cell claim is a guide.",
    ]
    if options.depth:
        told.append(
            f"Of the variance of untreated cells, {options.technical:.0%} is taken for "
            f"chance of counting at {options.reference_depth:,.0f} counts per cell, "
            "and falls with one over the depth."
        )
    if pilot is not None and np.isfinite(pilot.measured_sd):
        told.append(
            f"In the pilot the means of {pilot.n_libraries} untreated libraries have a "
            f"standard deviation of {pilot.measured_sd:.3g} on the axis {pilot.axis}, "
            "which was drawn toward that of public replicate libraries, because few "
            "libraries say little of how much libraries differ."
        )
    return told


def plan(
    *,
    effect: float,
    share: float = 0.3,
    library_sd: float | None = None,
    n_samples: int | Sequence[int] = (2, 3, 4, 6),
    n_cells: int | Sequence[int] = (200, 500, 1500),
    depth: float | Sequence[float] = (),
    reference_depth: float | None = None,
    technical: float | None = None,
    paired: bool = False,
    alpha: float = 0.05,
    pilot: AnnData | None = None,
    groupby: str | None = None,
    reference: str | None = None,
    sample_key: str | None = None,
    axis: str | None = None,
    layer: str | None = None,
    n_simulations: int = 2000,
    n_cell_simulations: int = 100,
    seed: int = 0,
) -> Plan:
    """Say how many samples and cells, and what depth, an experiment needs.

    Two claims are planned for. The *group claim* is that treated samples differ, with
    the sample as the unit; more cells per sample do not help it once libraries differ
    more than the means of cells do. The *cell claim* is that single cells are called,
    with whole untreated samples held out; it needs samples for its calibration and
    cells for its smallest p-value. Both are simulated from four numbers, in which cells
    and libraries vary normally.

    Parameters
    ----------
    effect
        How far persisters are from untreated cells, in standard deviations of the
        untreated cells: on an axis for the group claim, along the direction that the
        calls learn for the cell claim.
    share
        Share of the treated cells that are persisters, above 0 and at most 1.
    library_sd
        Standard deviation of the means of replicate libraries, in standard deviations
        of cells. By default that of the pilot, or else that of a typical feature of
        public replicate libraries (0.11).
    n_samples
        Samples in each arm, one number or several.
    n_cells
        Cells in each sample, one number or several.
    depth
        Median counts of a cell, one number or several; ``reference_depth`` by default.
    reference_depth
        Depth that ``effect``, ``library_sd`` and ``technical`` are given for; that of
        the pilot, or else 2,000.
    technical
        Share of the variance of untreated cells that is chance of counting at
        ``reference_depth``; that of the pilot, or else 0.3, which is what halves of
        the counts of PC9 and AML cells gave in the median over axes (0.30 at 1,538 and
        0.40 at 2,322 counts).
    paired
        Each treated sample has an untreated one of the same patient or tumor.
        ``library_sd`` is then that within a patient.
    alpha
        Level of the test, and false discovery rate of the calls.
    pilot
        Cells of a pilot experiment. The means of its untreated libraries give
        ``library_sd``, drawn toward public libraries; its counts give the depth and,
        by halving them, ``technical``.
    groupby, reference, sample_key
        Columns of ``obs`` of the pilot with groups and samples, and its untreated
        group.
    axis
        Axis of the pilot to read; the consensus by default.
    layer
        Layer of the pilot with the counts, instead of ``X``.
    n_simulations, n_cell_simulations
        Simulated experiments per row for the group claim and for the cell claim.
    seed
        Seed of the simulations.

    Returns
    -------
    A plan. ``table`` has one row per design: ``n_samples``, ``n_cells``, ``depth``,
    ``effect`` (at that depth), ``group_power``, ``cell_power`` (share of experiments in
    which a quarter of the persisters or more is called), ``persisters_called`` and
    ``wrong_calls`` (mean shares). A claim that the design does not allow has NaN.
    ``plot()`` draws it, ``smallest(0.8)`` gives the designs that reach a power, and
    ``methods`` says what it rests on. A design that was simulated before in the same
    session is not simulated again.

    Raises
    ------
    OptionError
        A number is out of range, or ``pilot`` is given without ``groupby`` and
        ``reference`` (a ValueError).
    DataError
        A column, group or axis of the pilot does not exist.

    See Also
    --------
    dtpscore.check : What can be answered with the data that are there.
    dtpscore.tl.call : The call whose power is planned.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> planned = dtp.plan(effect=1.5, share=0.3, n_samples=(2, 4), n_cells=300)
    >>> planned.table["group_power"].round(1).tolist()
    [0.5, 1.0]
    """
    given = {
        name: value
        for name, value in (
            ("library_sd", library_sd),
            ("reference_depth", reference_depth),
            ("technical", technical),
        )
        if value is not None
    }
    options = PlanOptions.read(
        {
            "effect": effect,
            "share": share,
            "n_samples": n_samples,
            "n_cells": n_cells,
            "depth": depth,
            "paired": paired,
            "alpha": alpha,
            "n_simulations": n_simulations,
            "n_cell_simulations": n_cell_simulations,
            "seed": seed,
            **given,
        }
    )
    found = None
    if pilot is None and (groupby or reference or sample_key or axis or layer):
        msg = (
            "groupby, reference, sample_key, axis and layer describe a pilot: give one."
        )
        raise OptionError(msg)
    if pilot is not None:
        if groupby is None or reference is None:
            msg = "A pilot needs groupby and reference, its untreated group."
            raise OptionError(msg)
        found = read_pilot(
            pilot,
            groupby=groupby,
            reference=reference,
            sample_key=sample_key,
            axis=axis,
            layer=layer,
            seed=seed,
        )
    options = _with_pilot(options, found, set(given))
    spread, source = options.library_sd, "as given"
    if found is not None and "library_sd" not in given:
        source = "from the pilot and public replicate libraries"
    if spread is None:
        spread = float(np.sqrt(public_libraries().level.variance))
        source = "of public replicate libraries"
    return Plan(
        table=pd.DataFrame(_rows(options, spread)),
        params={**options.model_dump(), "library_sd": spread, "source": source},
        methods=_methods(options, spread, found, source),
        pilot=found,
    )
