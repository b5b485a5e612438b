"""Sections on axes, coverage and confounders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import pl, signatures
from dtpscore._frames import checks
from dtpscore._frames.scores import axis_by_group, thin_axes, titled
from dtpscore._report.format import listed
from dtpscore._report.model import Column, Section, Table
from dtpscore._report.picture import picture
from dtpscore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture

_EXPECTED = {"up": "up", "down": "down", "two-sided": "no fixed direction"}


def mean_column(group: str) -> str:
    """Column of the axis table with the means of a group, whatever its name."""
    return f"mean_{group}"


def axis_table(context: Context) -> pd.DataFrame:
    """Mean of each axis in each group, with title and expected direction."""
    table = axis_by_group(
        context.adata,
        groupby=context.groupby,
        reference=context.reference,
        sample_key=context.sample_key,
    )
    known = signatures.axes()
    frame = titled(table.rename(columns=mean_column).reset_index(names="axis"))
    frame.insert(
        2,
        "expected",
        [
            "not read as persister"
            if axis in known and known[axis].kind == "nuisance"
            else _EXPECTED[known[axis].direction]
            if axis in known
            else "not known"
            for axis in frame["axis"]
        ],
    )
    thin = thin_axes(context.adata)
    frame.insert(3, "genes", ["too few" if a in thin else "" for a in frame["axis"]])
    return frame


def axes_section(context: Context) -> Section:
    """Axis scores by group."""
    frame = axis_table(context)
    unit = context.reference or "all cells"
    groups: Any = {
        "groupby": context.groupby,
        "reference": context.reference,
        "sample_key": context.sample_key,
    }
    means = "means of samples" if context.sample_key else "means of cells"
    return Section(
        name="axes",
        title="Mechanisms by group",
        paragraphs=(
            "Each axis is the mean of its signatures, turned so that high means more "
            f"of it. The unit is the standard deviation of {unit}, and 0 is its mean. "
            "The expected direction is the one on which published contrasts of "
            "persisters agree; where they disagree none is assumed.",
        ),
        pictures=(
            picture(
                lambda: pl.axis_scores(context.adata, **groups, show=False),
                alt="Violins of axis scores by group, for the eight axes whose groups "
                "differ most; the table below has the means of all axes.",
                caption="The eight persister axes whose groups differ most. Bars: "
                "median and quartiles of cells."
                + (" Diamonds: means of samples." if context.sample_key else ""),
            ),
            picture(
                lambda: pl.axis_heatmap(context.adata, **groups, show=False),
                alt="Heatmap of the mean of each axis in each group; the table below "
                "has the same numbers.",
                caption=f"Mean of each axis in each group ({means}). Arrows: the "
                "direction that published contrasts agree on. Star: few genes.",
            ),
        ),
        tables=(
            Table(
                name="axes",
                caption=f"Axes by group, in standard deviations of {unit}",
                frame=frame,
                columns=(
                    Column("title", "Axis"),
                    Column("expected", "Expected in persisters"),
                    Column("genes", "Genes found"),
                    *(Column(mean_column(n), n, "signed") for n in context.names),
                ),
            ),
        ),
    )


def _coverage_parts(
    context: Context,
) -> tuple[list[str], list[Picture], list[Table]]:
    """Note and picture where signatures lack genes, and the table of all."""
    coverage = checks.coverage(context.adata)
    low = [str(name) for name in coverage.index[coverage["low"].to_numpy(dtype=bool)]]
    notes, pictures = [], []
    if low:
        notes.append(
            f"{len(low)} of {len(coverage)} signatures have too few of their genes in "
            f"these data and enter no axis that has a better one: {listed(low[:6])}"
            + (" and others." if len(low) > 6 else ".")
        )
        pictures.append(
            picture(
                lambda: pl.coverage(context.adata, show=False),
                alt="Share of the genes of each signature that the data have; the "
                "table below has the numbers.",
                caption="Genes found per signature.",
            )
        )
    table = Table(
        name="coverage",
        caption="Genes found per signature",
        frame=coverage.reset_index(names="signature"),
        columns=(
            Column("signature", "Signature"),
            Column("axis", "Axis"),
            Column("n_listed", "Listed", "count"),
            Column("n_found", "Found", "count"),
            Column("n_renamed", "Under another name", "count"),
            Column("fraction", "Share", "share"),
        ),
    )
    return notes, pictures, [table]


def _confounder_parts(
    context: Context,
) -> tuple[list[str], list[Picture], list[Table]]:
    """Picture and table of correlations, or a note why there are none."""
    try:
        table = checks.confounders(context.adata, groupby=context.groupby)
    except DataError as error:
        return [str(error)], [], []
    drawn = picture(
        lambda: pl.confounders(context.adata, groupby=context.groupby, show=False),
        alt="Rank correlation of results with depth, cell cycle and handling stress; "
        "the table below has the numbers.",
        caption="Rank correlation within groups, averaged over groups.",
    )
    shown = Table(
        name="confounders",
        caption="Rank correlation of results with what should not drive them",
        frame=titled(table.reset_index(names="axis")),
        columns=(
            Column("title", "Result"),
            *(Column(n, f"{n[0].upper()}{n[1:]}", "signed") for n in table.columns),
        ),
    )
    return [], [drawn], [shown]


def checks_section(context: Context) -> Section:
    """Genes found, and what else the results follow."""
    parts = (_coverage_parts(context), _confounder_parts(context))
    return Section(
        name="checks",
        title="Coverage and confounders",
        paragraphs=(
            "A score can only be read where the data have the genes, and where it does "
            "not simply follow depth, cell cycle or handling. Correlations are taken "
            "within groups, since between groups biology and a confounder look alike.",
        ),
        notes=tuple(note for part in parts for note in part[0]),
        pictures=tuple(drawn for part in parts for drawn in part[1]),
        tables=tuple(table for part in parts for table in part[2]),
    )
