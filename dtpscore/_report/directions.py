"""Which way each axis goes in persisters, in words and by tumor type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore import signatures
from dtpscore._report.format import listed
from dtpscore._report.model import Column, Fold, Table
from dtpscore.get._axes import titled
from dtpscore.get._records import call_record, has_calls
from dtpscore.signatures._directions import voting_studies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from anndata import AnnData

# What an axis is where it is not read as a mechanism of persisters: in a word for a
# table, and in sentences.
KINDS = {
    "engagement": "shows whether the drug acts",
    "lineage": "read in its lineage only",
    "ambiguous": "mechanism or confounder",
    "nuisance": "not read as persister",
}
_TEXTS = {
    "engagement": "{names}: the output of a pathway that drugs hit. Low output in "
    "treated cells says that the drug acts in them. Output as in the reference cells "
    "says that the target is still on, or was never hit. Neither says that a cell "
    "persists.",
    "ambiguous": "{names}: claimed as mechanisms of persisters and known as "
    "confounders, because culture, handling and lack of nutrients move them too. They "
    "stand apart and carry no call.",
}
_RIVALS = (
    "{names} are rival states of one tumor type. Each is reported by itself, and no "
    "score averages them."
)


def studies_of(adata: AnnData) -> list[str]:
    """Studies that the calls left out because the data are theirs; they do not vote."""
    if not has_calls(adata):
        return []
    left_out = call_record(adata).params.get("exclude_studies", ())
    return sorted(voting_studies() & {str(study) for study in left_out})


def sentence(axis: str, setting: Sequence[str], without: Iterable[str]) -> str:
    """Say which way an axis goes, or that nothing is known of an own signature.

    Parameters
    ----------
    axis
        The axis.
    setting
        Tumor type and drug class of the experiment; all contrasts where there is none.
    without
        Studies that do not vote.
    """
    if axis not in signatures.axes():
        return "An own signature; no contrast has a say."
    told = signatures.direction(axis, without=without).sentence
    if setting:
        own = signatures.direction(axis, tuple(setting), without=without).sentence
        told = f"{own} All contrasts: {told[0].lower()}{told[1:]}"
    return told


def _of_kind(names: Sequence[str], kind: str) -> list[str]:
    known = signatures.axes()
    return [name for name in names if name in known and known[name].kind == kind]


def kind_texts(names: Sequence[str]) -> list[str]:
    """Explain the axes that are no mechanisms: engagement, ambiguous, rival states."""
    known, told = signatures.axes(), []
    for kind, text in _TEXTS.items():
        titles = [known[name].title for name in _of_kind(names, kind)]
        if titles:
            told.append(text.format(names=listed(titles)))
    states: dict[str, list[str]] = {}
    for name in _of_kind(names, "lineage"):
        tumor, _, state = known[name].title.partition(": ")
        if state:
            states.setdefault(tumor, []).append(known[name].title)
    told += [
        _RIVALS.format(names=listed(rivals))
        for rivals in states.values()
        if len(rivals) > 1
    ]
    return told


def directions_fold(
    frame: pd.DataFrame, setting: Sequence[str], without: Sequence[str]
) -> Fold:
    """Make the table of directions of the axes of a report.

    Parameters
    ----------
    frame
        Table of axes with the column ``axis``.
    setting, without
        As `sentence`.
    """
    import pandas as pd

    names = [str(name) for name in frame["axis"]]
    rows = pd.DataFrame(
        {
            "axis": names,
            "direction": [sentence(name, setting, without) for name in names],
        }
    )
    where = f"in {' and '.join(setting)}" if setting else "by tumor type"
    paragraphs = [
        "A contrast compares persister with parental cells of one published or "
        "measured experiment and has one vote. A direction that holds in one tumor "
        "type is not assumed in another.",
        *kind_texts(names),
    ]
    if not setting:
        paragraphs.append(
            "The tumor type of these data was not given (context=, --context), so the "
            "directions are those over all contrasts."
        )
    if without:
        paragraphs.append(f"{listed(list(without))} has no vote, as the data are its.")
    return Fold(
        f"Directions in persisters {where}",
        paragraphs=tuple(paragraphs),
        tables=(
            Table(
                name="directions",
                caption="Which way each axis goes in contrasts of persisters",
                frame=titled(rows),
                columns=(
                    Column("title", "Axis"),
                    Column("direction", "In persisters"),
                ),
            ),
        ),
    )
