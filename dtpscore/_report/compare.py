"""Section on what differs between the arms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dtpscore import _keys, pl
from dtpscore._compare.arms import AGAINST, AS_PUBLISHED, HIGHER, LOWER
from dtpscore._report.format import listed
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import ROWS, picture
from dtpscore.get._axes import titled
from dtpscore.get._records import compare_record

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._compare.record import CompareRecord
    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture

# Axes that a sentence names on each side, and arms that have a picture.
_MOST, _MOST_PICTURES = 6, 4
# Genes of an arm in the table.
_MOST_GENES = 200


def _arm_name(row: dict[str, Any]) -> str:
    name = str(row["group"])
    return name if row["batch"] == "all" else f"{name} in {row['batch']}"


def _named(rows: pd.DataFrame, way: str) -> str:
    own = rows[(rows["verdict"] == way).to_numpy()]
    own = own.loc[own["difference"].abs().sort_values(ascending=False).index]
    found = [str(one) for one in own["title"][:_MOST]]
    more = [f"{len(own) - _MOST} more"] if len(own) > _MOST else []
    verb = "is" if len(found) == 1 else "are"
    return f"{way} {verb} {listed([*found, *more])}" if found else ""


def _about(row: dict[str, Any], axes: pd.DataFrame) -> str:
    """Say in a few sentences what differs in one arm."""
    name = _arm_name(row)
    if row["method"] == "none":
        return f"{name}: nothing was tested. {row['note']}"
    parts = [one for one in (_named(axes, HIGHER), _named(axes, LOWER)) if one]
    parts[1:] = [f"{one[0].upper()}{one[1:]}" for one in parts[1:]]
    told = ". ".join(parts) or "nothing is shown to differ"
    agree, against = (
        int((axes["agreement"] == one).sum()) for one in (AS_PUBLISHED, AGAINST)
    )
    ending = ""
    if agree or against:
        ending = (
            f" Of the axes that differ and have a published direction, {agree} go the "
            f"published way and {against} against it."
        )
    return f"{name}: {told}.{ending} {row['note']}"


def _by_genes(record: CompareRecord) -> bool:
    return list(record.params.get("features", ["axes"])) != ["axes"]


def _listed(record: CompareRecord) -> pd.DataFrame:
    """Axes, or of each arm the genes that differ most; `get.compare` has them all."""
    if not _by_genes(record):
        return record.axes
    order = record.axes.sort_values("pvalue", kind="stable")
    return order.groupby(["group", "batch"], sort=False).head(_MOST_GENES)


def _tables(record: CompareRecord) -> tuple[Table, ...]:
    return (
        Table(
            name="compare",
            caption=f"Differences between an arm and the reference ({record.unit})",
            frame=titled(_listed(record)),
            columns=(
                Column("group", "Group"),
                Column("batch", "Batch"),
                Column("title", "Gene" if _by_genes(record) else "Axis"),
                Column("difference", "Difference", "signed"),
                Column("low", "95% from", "signed"),
                Column("high", "to", "signed"),
                Column("pvalue", "p", "pvalue"),
                Column("qvalue", "q", "pvalue"),
                Column("verdict", "Verdict"),
                Column("published", "Published direction"),
                Column("agreement", "Agreement"),
            ),
        ),
        Table(
            name="compare_arms",
            caption="What each comparison rests on",
            frame=record.arms,
            columns=(
                Column("group", "Group"),
                Column("batch", "Batch"),
                Column("n_reference", "Reference samples", "count"),
                Column("n_samples", "Samples", "count"),
                Column("n_pairs", "Pairs", "count"),
                Column("method", "Test"),
                Column("note", "Note"),
            ),
        ),
    )


def _picture(context: Context, row: dict[str, Any]) -> Picture:
    name = _arm_name(row)
    return picture(
        lambda: pl.compare(
            context.adata,
            group=row["group"],
            batch=row["batch"],
            n_axes=ROWS,
            show=False,
        ),
        alt=f"Differences of {name} from the reference; the table below has the "
        "numbers.",
        caption=f"{name}: what differs most, with 95% intervals over samples.",
    )


def compare_section(context: Context) -> Section | None:
    """Show what differs between the arms, or nothing where it was not asked."""
    if not context.has(_keys.COMPARE):
        return None
    record = compare_record(context.adata)
    axes = titled(record.axes)
    rows = [
        {str(name): value for name, value in row.items()}
        for row in record.arms.to_dict("records")
    ]
    differ = axes["verdict"].isin([HIGHER, LOWER])
    tested = [row for row in rows if row["method"] != "none"]
    result = (
        f"{int(differ.sum())} of {len(axes)} comparisons of "
        f"{'a gene' if _by_genes(record) else 'an axis'} between an arm and the "
        "reference show a difference, with samples as the unit."
    )
    if not tested:
        result = "Nothing was tested: there are too few samples."
    own = [
        axes[((axes["group"] == row["group"]) & (axes["batch"] == row["batch"]))]
        for row in rows
    ]
    about = [_about(row, part) for row, part in zip(rows, own, strict=True)]
    pictures = [_picture(context, row) for row in rows[:_MOST_PICTURES]]
    others = Fold(
        "The other groups",
        paragraphs=tuple(about[1:]),
        pictures=tuple(pictures[1:]),
    )
    return Section(
        name="compare",
        title="What differs between the arms",
        result=result,
        paragraphs=tuple(about[:1]),
        notes=tuple(record.messages[len(rows) :]),
        pictures=tuple(pictures[:1]),
        folds=(others,) if about[1:] else (),
        tables=_tables(record),
    )
