"""Sections on axes, coverage and confounders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtpscore import pl, signatures
from dtpscore._report.directions import KINDS, directions_fold, studies_of
from dtpscore._report.format import listed, number
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import picture
from dtpscore.errors import DataError
from dtpscore.get import _checks as checks
from dtpscore.get._axes import (
    axis_by_group,
    axis_titles,
    genes_found,
    nuisance_axes,
    persister_axes,
    thin_axes,
    titled,
)

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._report.context import Context

_EXPECTED = {"up": "up", "down": "down", "two-sided": "no fixed direction"}
OWN = "own signature"
_N_NAMED = 4


def mean_column(group: str) -> str:
    """Column of the axis table with the means of a group, whatever its name."""
    return f"mean_{group}"


def _expected(axis: str, setting: tuple[str, ...], without: list[str]) -> str:
    """Direction that contrasts of persisters agree on in a setting, in words."""
    known = signatures.axes()
    if axis not in known:
        return OWN
    if known[axis].kind == "persister":
        found = signatures.direction(axis, setting or None, without=without).direction
        return _EXPECTED[found]
    return KINDS[known[axis].kind]


def axis_table(context: Context) -> pd.DataFrame:
    """Mean of each axis and own signature in each group, and the genes it rests on."""
    key = context.scores_key
    table = axis_by_group(context.adata, **context.columns, key=key)
    frame = titled(table.rename(columns=mean_column).reset_index(names="axis"))
    genes = genes_found(context.adata, key=key).reindex(frame["axis"].astype(str))
    counted = zip(genes["n_found"], genes["n_listed"], genes["low"], strict=True)
    setting, without = context.setting, studies_of(context.adata)
    expected = [_expected(str(axis), setting, without) for axis in frame["axis"]]
    frame.insert(2, "expected", expected)
    frame.insert(
        3,
        "genes",
        [f"{n} of {of}{', too few' if low else ''}" for n, of, low in counted],
    )
    frame.insert(4, "few_genes", genes["low"].to_numpy(dtype=bool))
    return frame


def leading_axes(table: pd.DataFrame, queries: list[str]) -> list[str]:
    """Find persister axes with enough genes that differ most from the reference.

    Parameters
    ----------
    table
        What `axis_table` gives.
    queries
        Groups other than the reference.

    Returns
    -------
    At most four axes, strongest first.
    """
    if not queries:
        return []
    known = persister_axes(list(table["axis"]))
    kept = table[table["axis"].isin(known) & ~table["few_genes"]]
    columns = [mean_column(name) for name in queries]
    size = kept.set_index("axis")[columns].abs().max(axis=1)
    order = size.sort_values(ascending=False, kind="stable")
    return [str(axis) for axis in order.index[:_N_NAMED]]


def _result(context: Context, table: pd.DataFrame) -> str:
    """Sentence on the axis that differs most."""
    names = leading_axes(table, context.queries)
    if not names:
        return "No axis with enough genes can be compared between groups."
    row = table.set_index("axis").loc[names[0]]
    means = {q: float(row[mean_column(q)]) for q in context.queries}
    group = max(means, key=lambda query: abs(means[query]))
    unit = context.reference or "all cells"
    return (
        f"{axis_titles(names[:1])[names[0]]} differs most: "
        f"{number(means[group], 1, sign=True)} standard deviations of {unit} in "
        f"{group}."
    )


def _marks(context: Context, frame: pd.DataFrame) -> str:
    """Say what the marks of the heat map mean, where it has them."""
    names, known = [str(axis) for axis in frame["axis"]], signatures.axes()
    own = [axis for axis in names if axis not in known]
    arrows = any(
        known[axis].direction in ("up", "down") for axis in names if axis in known
    )
    thin = thin_axes(context.adata, key=context.scores_key)
    last = nuisance_axes(names)
    said = (
        (arrows, "An arrow is the direction that published contrasts agree on."),
        (bool(thin & set(names)), "A star says that the axis has too few genes."),
        (bool(last) and len(last) < len(names), "Nuisance axes stand apart."),
        (bool(own) and len(own) < len(names), "Your signatures have no arrow."),
    )
    return "".join(f" {text}" for there, text in said if there)


def axes_section(context: Context, frame: pd.DataFrame) -> Section:
    """Axis scores by group; ``frame`` is what `axis_table` gives."""
    unit = context.reference or "all cells"
    adata, key = context.adata, context.scores_key
    means = "means of samples" if context.sample_key else "means of cells"
    where = f" in {' and '.join(context.setting)}" if context.setting else ""
    known = bool((frame["expected"] != OWN).any())
    expected = (
        " The expected direction is the one on which contrasts of persisters"
        f"{where} agree; where they disagree, or too few say anything, none is assumed."
    )
    directions = directions_fold(frame, context.setting, studies_of(adata))
    return Section(
        name="axes",
        title="Mechanisms by group",
        result=_result(context, frame),
        paragraphs=(
            "Each axis is the mean of its signatures, turned so that high means more "
            f"of it. The unit is the standard deviation of {unit}, and 0 is its mean."
            f"{expected if known else ''}",
        ),
        pictures=(
            picture(
                lambda: pl.axis_heatmap(adata, **context.columns, key=key, show=False),
                alt="Heatmap of the mean of each axis in each group; the table below "
                "has the same numbers.",
                caption=f"Mean of each axis in each group ({means})."
                f"{_marks(context, frame)}",
            ),
        ),
        folds=(
            *((directions,) if known else ()),
            Fold(
                "Scores of cells",
                pictures=(
                    picture(
                        lambda: pl.axis_scores(
                            adata, **context.columns, key=key, show=False
                        ),
                        alt="Violins of axis scores by group, for the axes whose "
                        "groups differ most; the table below has the means.",
                        caption="The axes whose groups differ most. A bar is the "
                        "median with the quartiles of cells."
                        + (
                            " A diamond is the mean of a sample."
                            if context.sample_key
                            else ""
                        ),
                    ),
                ),
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
) -> tuple[list[str], Fold]:
    """Note where signatures lack genes; a picture of them, and the table of all."""
    coverage = checks.coverage(context.adata, key=context.scores_key)
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
                lambda: pl.coverage(context.adata, key=context.scores_key, show=False),
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
    return notes, Fold(table.caption, pictures=tuple(pictures), tables=(table,))


def _strongest(table: pd.DataFrame) -> str:
    """Sentence on the closest relation to depth, cell cycle or handling."""
    values = table.to_numpy(dtype=np.float64)
    if np.isnan(values).all():
        return ""
    row, column = np.unravel_index(np.nanargmax(np.abs(values)), values.shape)
    title = str(titled(table.reset_index(names="axis"))["title"].iloc[row])
    what, rho = str(table.columns[column]), number(values[row, column], 2, sign=True)
    return (
        f"Of what should not drive results, {what} is closest to one of them, "
        f"{title}: their rank correlation within groups is {rho}."
    )


def _confounder_fold(context: Context) -> tuple[str, Fold | None]:
    """Sentence, and picture and table of correlations; or a note why there are none."""
    try:
        table = checks.confounders(
            context.adata, groupby=context.groupby, key=context.scores_key
        )
    except DataError as error:
        return str(error), None
    drawn = picture(
        lambda: pl.confounders(
            context.adata,
            groupby=context.groupby,
            key=context.scores_key,
            show=False,
        ),
        alt="Rank correlation of results with depth, cell cycle and handling stress; "
        "the table below has the numbers.",
        caption="Rank correlation within groups, averaged over groups.",
    )
    caption = "Rank correlation of results with what should not drive them"
    shown = Table(
        name="confounders",
        caption=caption,
        frame=titled(table.reset_index(names="axis")),
        columns=(
            Column("title", "Result"),
            *(Column(n, f"{n[0].upper()}{n[1:]}", "signed") for n in table.columns),
        ),
    )
    return _strongest(table), Fold(caption, pictures=(drawn,), tables=(shown,))


def checks_section(context: Context) -> Section:
    """Genes found, and what else the results follow."""
    notes, coverage = _coverage_parts(context)
    said, fold = _confounder_fold(context)
    return Section(
        name="checks",
        title="Coverage and confounders",
        result=said,
        paragraphs=(
            "A score can only be read where the data have the genes, and where it does "
            "not simply follow depth, cell cycle or handling. Correlations are taken "
            "within groups, since between groups biology and a confounder look alike.",
        ),
        notes=tuple(notes),
        folds=(coverage,) if fold is None else (coverage, fold),
    )
