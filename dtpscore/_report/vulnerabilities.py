"""Section on what could be tried."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dtpscore import _keys, pl
from dtpscore._report.format import by_group, listed
from dtpscore._report.model import Column, Fold, Section, Table
from dtpscore._report.picture import ROWS, picture
from dtpscore._report.text import vulnerability_section
from dtpscore._vulnerabilities.rank import MOVED
from dtpscore.errors import DataError
from dtpscore.get._axes import titled
from dtpscore.get._records import vulnerability_record

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._report.context import Context
    from dtpscore._report.model import Picture
    from dtpscore._vulnerabilities.record import VulnerabilityRecord

_WHERE = (Column("batch", "Patient or line"), Column("group", "Group"))


def _where(frame: pd.DataFrame) -> tuple[Column, ...]:
    return _WHERE if len(set(frame["batch"])) > 1 else _WHERE[1:]


def _table(record: VulnerabilityRecord) -> Table:
    return Table(
        name="vulnerabilities",
        caption="Published vulnerabilities, the best supported here first",
        frame=titled(record.table),
        columns=(
            Column("rank", "Rank", "count"),
            *_where(record.table),
            Column("title", "Axis"),
            Column("axis_state", "Axis here"),
            Column("target", "Target"),
            Column("target_state", "Target here"),
            Column("agent", "Agent"),
            Column("effect", "Effect"),
            Column("evidence", "Evidence"),
            Column("speaks_for", "For it here"),
            Column("speaks_against", "Against it"),
            Column("paper", "Paper"),
            Column("doi", "DOI", "doi"),
            Column("context", "Context"),
        ),
    )


def _gene_table(record: VulnerabilityRecord) -> Table:
    return Table(
        name="target_genes",
        caption="Genes of the targets in the cells that were looked at",
        frame=record.genes,
        columns=(
            *_where(record.genes),
            Column("symbol", "Gene"),
            Column("cells", "Cells"),
            Column("n_samples", "Samples", "count"),
            Column("cpm", "Counts per million", "number"),
            Column("difference", "log2 difference", "signed"),
            Column("low", "95% from", "signed"),
            Column("high", "to", "signed"),
            Column("qvalue", "q", "pvalue"),
        ),
    )


def _drug_table(drugs: pd.DataFrame) -> Table:
    return Table(
        name="drug_signatures",
        caption="Your drug signatures: reversed where the difference is below 0",
        frame=drugs,
        columns=(
            *_where(drugs),
            Column("drug", "Signature"),
            Column("n_up", "Up genes", "count"),
            Column("n_down", "Down genes", "count"),
            Column("difference", "Difference", "signed"),
            Column("low", "95% from", "signed"),
            Column("high", "to", "signed"),
            Column("qvalue", "q", "pvalue"),
            Column("reading", "Reading"),
        ),
    )


def _result(record: VulnerabilityRecord) -> str:
    moved = record.table[(record.table["axis_state"] == MOVED).to_numpy()]
    groups = list(dict.fromkeys(record.table["group"].astype(str)))
    n = len(record.table) // max(
        len(record.table[["batch", "group"]].drop_duplicates()), 1
    )
    if moved.empty:
        return (
            f"None of the {n} published vulnerabilities is on an axis that is shown to "
            f"move in {listed(groups)}."
        )
    counts = {
        group: int((moved["group"].astype(str) == group).sum()) for group in groups
    }
    one = list(counts.values()) == [1]
    what = "published vulnerability" if one else "published vulnerabilities"
    return (
        "On axes that moved here, with samples as the unit, there "
        f"{'is' if one else 'are'} {by_group(counts, what)}."
    )


def _picture(context: Context, group: str) -> Picture | None:
    try:
        return picture(
            partial(
                pl.vulnerabilities,
                context.adata,
                group=group,
                n_genes=ROWS,
                show=False,
            ),
            alt=f"Difference of target genes in {group}; the table below has the "
            "numbers.",
            caption=f"Genes of published targets in {group}, best supported first.",
        )
    except DataError:
        return None


def tried_section(context: Context, published: pd.DataFrame | None) -> Section | None:
    """Show what could be tried, or else the published table alone.

    Parameters
    ----------
    context
        The data of the report.
    published
        Rows of `dtpscore.signatures.vulnerabilities` to list where nothing was held
        against these data.
    """
    if not context.has(_keys.VULNERABILITIES):
        return vulnerability_section(published)
    record = vulnerability_record(context.adata)
    groups = dict.fromkeys(record.table["group"].astype(str))
    made = [_picture(context, group) for group in groups]
    drawn = tuple(one for one in made if one is not None)
    tables = [_table(record), _gene_table(record)]
    if record.drugs is not None:
        tables.insert(1, _drug_table(record.drugs))
    return Section(
        name="vulnerabilities",
        title="What could be tried",
        result=_result(record),
        notes=tuple(record.messages),
        pictures=drawn[:1],
        folds=(Fold("The other groups", pictures=drawn[1:]),) if drawn[1:] else (),
        tables=tuple(tables),
    )
