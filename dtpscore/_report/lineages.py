"""Section on clones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dtpscore import _keys, pl
from dtpscore._report.format import listed, number, pvalue
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import picture
from dtpscore.get._axes import axis_titles, titled
from dtpscore.get._records import lineage_record

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._lineages.record import LineageRecord
    from dtpscore._report.context import Context

_ALPHA = 0.05
# Clones that the page lists; the CSV file has all.
_WHERE = (Column("group", "Group"), Column("time", "Time"))


def arm_name(row: dict[str, Any]) -> str:
    """Group with its time, and its batch where there are several."""
    parts = [str(row[name]) for name in ("batch", "group", "time") if str(row[name])]
    return ", ".join(one for one in parts if one != "all")


def _about_arm(row: dict[str, Any]) -> str:
    text = (
        f"{arm_name(row)}: {row['n_found_again']:,} of {row['n_clones_before']:,} "
        f"clones were found again; {row['n_grown']:,} took a larger share and "
        f"{row['n_shrunken']:,} a smaller one (q at or below {_ALPHA:g})."
    )
    low = float(row["inherited_low"])
    if low != low:
        return f"{text} Whether replicates pick the same clones is not known."
    limits = f"{number(low)} to {number(float(row['inherited_high']))}"
    if low > 0:
        return (
            f"{text} Replicates picked the same clones (shared variance "
            f"{number(float(row['inherited']))}, 95% interval {limits}): part of the "
            "fate was there before the replicates were split."
        )
    return (
        f"{text} That replicates pick the same clones was not shown (shared variance "
        f"{number(float(row['inherited']))}, 95% interval {limits})."
    )


def _about_states(record: LineageRecord) -> str:
    if record.states is None:
        return ""
    sure = record.states[(record.states["qvalue"] <= _ALPHA).to_numpy()]
    if sure.empty:
        return "No axis of the untreated cells foretells the fate of their clone."
    names = list(dict.fromkeys(str(one) for one in sure["axis"]))
    titles = axis_titles(names)
    return (
        "These axes of the untreated cells go with the fate of their clone: "
        f"{listed([titles[name] for name in names])}."
    )


def _about_cycling(row: dict[str, Any]) -> str:
    p, likeness = float(row["pvalue"]), float(row["likeness"])
    alike = "are alike" if p <= _ALPHA else "are not shown to be alike"
    return (
        f"{arm_name(row)}: persisters of one clone {alike} in whether they cycle "
        f"(likeness {number(likeness)}, p {pvalue(p)}). Of {row['n_clones']:,} clones "
        f"with two or more persisters, {row['only_cycling']:,} have cycling ones "
        f"alone, {row['only_resting']:,} resting ones alone, and {row['both']:,} both "
        f"({number(float(row['expected_both']), 0)} if cycling had nothing to do with "
        "the clone)."
    )


def _tables(record: LineageRecord) -> tuple[Table, ...]:
    tables = [
        Table(
            name="clone_arms",
            caption="Clones by arm",
            frame=record.arms,
            columns=(
                *_WHERE,
                Column("n_samples", "Samples", "count"),
                Column("n_clones_before", "Clones before", "count"),
                Column("n_found_again", "Found again", "count"),
                Column("n_grown", "Grown", "count"),
                Column("n_shrunken", "Shrunken", "count"),
                Column("effective_before", "Effective number before", "number"),
                Column("effective_after", "on drug", "number"),
                Column("inherited", "Shared by replicates", "number"),
                Column("inherited_low", "95% from", "number"),
                Column("inherited_high", "to", "number"),
            ),
        )
    ]
    if record.states is not None:
        tables.append(_state_table(record.states))
    tables.append(
        Table(
            name="clones",
            caption="Every clone before and on the drug",
            frame=record.clones.sort_values("qvalue", kind="stable"),
            columns=(
                *_WHERE,
                Column("clone", "Clone"),
                Column("n_before", "Cells before", "count"),
                Column("n_after", "on drug", "count"),
                Column("log2_change", "log2 change", "signed"),
                Column("low", "95% from", "signed"),
                Column("high", "to", "signed"),
                Column("qvalue", "q", "pvalue"),
            ),
        )
    )
    return tuple(tables)


def _state_table(states: pd.DataFrame) -> Table:
    return Table(
        name="clone_states",
        caption="State of clones before the drug against their change",
        frame=titled(states),
        columns=(
            *_WHERE,
            Column("title", "Axis"),
            Column("n_clones", "Clones", "count"),
            Column("rho", "rho", "signed"),
            Column("pvalue", "p", "pvalue"),
            Column("qvalue", "q", "pvalue"),
            Column("rho_size", "rho with size before", "signed"),
        ),
    )


def _sample_table(samples: pd.DataFrame) -> Table:
    return Table(
        name="clone_samples",
        caption="Cells with a clone, by sample",
        frame=samples,
        columns=(
            Column("sample", "Sample"),
            Column("n_cells", "Cells", "count"),
            Column("n_with_clone", "With a clone", "count"),
            Column("n_empty", "No barcode", "count"),
            Column("n_several", "Several of one clone", "count"),
            Column("n_unclear", "Of several clones", "count"),
            Column("n_clones", "Clones", "count"),
        ),
    )


def lineage_section(context: Context) -> Section | None:
    """Show clones, or nothing where none were followed."""
    if not context.has(_keys.LINEAGES):
        return None
    record = lineage_record(context.adata)
    arms = [
        {str(k): v for k, v in row.items()} for row in record.arms.to_dict("records")
    ]
    pictures = tuple(
        picture(
            partial(
                pl.lineages,
                context.adata,
                group=str(row["group"]),
                time=str(row["time"]),
                batch=str(row["batch"]),
                show=False,
            ),
            alt=f"Share of each clone before the drug and in {arm_name(row)}; the "
            "table below has the numbers.",
            caption=f"Clones before the drug and in {arm_name(row)}.",
        )
        for row in arms
    )
    cycling = [] if record.cycling is None else record.cycling.to_dict("records")
    return Section(
        name="lineages",
        title="Clones: who persists",
        result=_about_states(record) or "Clones were followed; their state was not.",
        paragraphs=(
            *(_about_arm(row) for row in arms),
            *(_about_cycling({str(k): v for k, v in row.items()}) for row in cycling),
        ),
        notes=tuple(record.messages),
        pictures=pictures[-1:],
        tables=_tables(record),
        folds=(
            Fold(
                "The other arms, and barcodes by sample",
                pictures=pictures[:-1],
                tables=(_sample_table(record.samples),),
            ),
        ),
    )
