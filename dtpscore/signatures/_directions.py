"""Which way an axis moves in persisters, over all contrasts or in one context."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dtpscore.errors import SignatureError
from dtpscore.signatures._library import axes, check_known, root

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from dtpscore._types import Direction

# A direction needs this many votes that say something, over all contrasts and in one
# context, and the votes one way must exceed the others by this share of both.
MIN_VOTES = 5
MIN_CONTEXT_VOTES = 3
MIN_AGREEMENT = 0.6
# No direction whatever the count: papers disagree about these mechanisms, or RNA only
# stands in for them.
TWO_SIDED_BY_RULE = frozenset(
    {
        "redox_nrf2",
        "ros_production",
        "oxphos",
        "fao_peroxisome",
        "kdm5_chromatin",
        "ferroptosis",
        "ferroptosis_drivers",
    }
)
# Their lists define what is up in persisters.
UP_BY_DEFINITION = frozenset({"consensus", "published_contrasts"})
_WORDS = {1: "up", -1: "down"}
_COLUMNS = ["contrast", "tumor", "drug", "study", "kind", "votes", "vote"]


def agreement(up: int, down: int) -> int:
    """1 where enough votes say up, -1 where enough say down, 0 otherwise."""
    said = up + down
    if not said or abs(up - down) < MIN_AGREEMENT * said:
        return 0
    return 1 if up > down else -1


@dataclass(frozen=True)
class AxisDirection:
    """How an axis is expected to move from parental to persister cells.

    Parameters
    ----------
    axis
        Name of the axis.
    context
        Tumor type, drug class or both; empty for all contrasts.
    direction
        ``"up"``, ``"down"``, or ``"two-sided"`` where no direction may be assumed.
    n_up, n_down, n_none
        Contrasts of the context that say up, down and neither. Without a context the
        contrasts of one measured study count once.
    votes
        One row per contrast of the context: ``contrast``, ``tumor``, ``drug``,
        ``study``, ``kind``, ``votes`` and ``vote`` (1, -1 or 0).
    sentence
        All of this in words.

    See Also
    --------
    dtpscore.signatures.direction : The function that makes it.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> found = dtp.signatures.direction("slow_cycling")
    >>> found.n_up > found.n_down
    True
    """

    axis: str
    context: tuple[str, ...]
    direction: Direction
    n_up: int
    n_down: int
    n_none: int
    votes: pd.DataFrame
    sentence: str


@cache
def table_rows(stem: str) -> tuple[dict[str, str], ...]:
    """Rows of a table beside the signatures, without its comments."""
    lines = (root() / f"{stem}.tsv").read_text(encoding="utf-8").splitlines()
    body = (line for line in lines if not line.startswith("#"))
    return tuple(csv.DictReader(body, delimiter="\t"))


def contrast_rows() -> tuple[dict[str, str], ...]:
    """Contrasts of persister and parental cells, published or measured."""
    return table_rows("contrasts")


def _votes(axis: str, words: Iterable[str], without: set[str]) -> pd.DataFrame:
    """Vote of every contrast of a context that has one about an axis."""
    import pandas as pd

    cast = next((row for row in table_rows("directions") if row["axis"] == axis), {})
    kept = [
        {**contrast, "vote": int(cast[contrast["contrast"]])}
        for contrast in contrast_rows()
        if cast.get(contrast["contrast"], "") != ""
        and contrast["votes"] != "shown"
        and not without & set(contrast["study"].split("|"))
        and all(_has(contrast["tumor"], w) or _has(contrast["drug"], w) for w in words)
    ]
    return pd.DataFrame(kept, columns=_COLUMNS)


def _has(cell: str, word: str) -> bool:
    return word.lower() in cell.lower().split("|")


def voting_studies() -> frozenset[str]:
    """Studies whose contrasts have a vote about directions, published or measured."""
    return frozenset(s for row in contrast_rows() for s in row["study"].split("|"))


def _known_contexts() -> dict[str, list[str]]:
    """Tumors and drug classes that any contrast is about."""
    found: dict[str, list[str]] = {}
    for column in ("tumor", "drug"):
        words = [w for row in contrast_rows() for w in row[column].split("|")]
        found[column] = [w for w in dict.fromkeys(words) if w != "not stated"]
    return found


def check_context(context: str | Iterable[str] | None) -> tuple[str, ...]:
    """Words of a context.

    Raises
    ------
    SignatureError
        No contrast is about one of them.
    """
    words = (context,) if isinstance(context, str) else tuple(context or ())
    known = _known_contexts()
    every = [word for column in known.values() for word in column]
    for word in words:
        if word.lower() not in [one.lower() for one in every]:
            msg = (
                f"No contrast is about {word!r}. Tumors are "
                f"{', '.join(known['tumor'])}; drugs are {', '.join(known['drug'])}."
            )
            raise SignatureError(msg)
    return words


def _by_study(table: pd.DataFrame) -> list[int]:
    """Votes of published lists, and one joint vote per measured study."""
    single = [int(vote) for vote in table.loc[table["votes"] == "counted", "vote"]]
    joint = []
    measured = table[table["votes"] == "context"]
    for _, of_study in measured.groupby("study", sort=False):
        said = of_study["vote"].tolist()
        up, down = said.count(1), said.count(-1)
        joint.append(agreement(up, down) if 2 * (up + down) >= len(said) else 0)
    return single + joint


def _ruled(axis: str, votes: list[int], fewest: int) -> tuple[Direction, str]:
    """Direction that the rule allows, and why where it allows none."""
    up, down = votes.count(1), votes.count(-1)
    if axis in TWO_SIDED_BY_RULE:
        return "two-sided", "the axis is two-sided by rule"
    if axis in UP_BY_DEFINITION and fewest == MIN_VOTES:
        return "up", ""
    if not votes:
        return "two-sided", "no contrast has a say"
    if up + down < fewest:
        return "two-sided", f"fewer than {fewest} of them say anything"
    way = agreement(up, down)
    if not way:
        return "two-sided", "they disagree"
    return ("up" if way > 0 else "down"), ""


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _counted(table: pd.DataFrame) -> str:
    """Votes in words, by tumor."""
    found = []
    for way in (1, -1):
        of_way = []
        for tumor in dict.fromkeys("|".join(table["tumor"]).split("|")):
            said = [
                vote
                for cell, vote in zip(table["tumor"], table["vote"], strict=True)
                if _has(cell, tumor)
            ]
            if way in said:
                of_way.append(f"{said.count(way)} of {len(said)} {tumor}")
        if of_way:
            found.append(f"{_WORDS[way]} in {_listed(of_way)} contrasts")
    return "; ".join(found) or "neither up nor down in any contrast"


def _sentence(table: pd.DataFrame, context: tuple[str, ...], why: str, way: str) -> str:
    if table.empty:
        what = " and ".join(context)
        return f"Not shown in {what}: no contrast has a say." if what else "Not shown."
    told = _counted(table)
    where = f" for {' and '.join(context)}" if context else ""
    end = f"no direction assumed{where}, because {why}" if why else f"{way}{where}"
    return f"{told[0].upper()}{told[1:]}: {end}."


def direction(
    axis: str,
    context: str | Iterable[str] | None = None,
    *,
    without: Iterable[str] = (),
) -> AxisDirection:
    """Say which way an axis moves in persisters, and in which contrasts it does.

    A direction that holds in carcinoma need not hold in melanoma. Each contrast of
    persister and parental cells has one vote about an axis: up, down or neither.
    Published lists of genes and contrasts that were measured from counts vote alike.
    Ask for the tumor or the drug of the experiment to see whether the axis was shown
    to move there.

    Parameters
    ----------
    axis
        Name of the axis.
    context
        A tumor type, a drug class, or both; contrasts must match all of them.
    without
        Studies (keys of the column ``study``) that must not vote, as the study that
        the data at hand come from.

    Returns
    -------
    AxisDirection
        The direction, the votes and a sentence. Over all contrasts a direction needs
        5 votes that say something, and the contrasts of one measured study vote once;
        in a context it needs 3 contrasts. Either way the votes one way must exceed
        the others by 60% of both.

    Raises
    ------
    SignatureError
        The axis does not exist, no contrast is about the context, or no contrast
        comes from a study to leave out.

    See Also
    --------
    dtpscore.signatures.axes : The axes with their direction over all contrasts.
    dtpscore.tl.compare : Whether an axis moved that way in data.

    Examples
    --------
    >>> from dtpscore import signatures
    >>> signatures.direction("slow_cycling").direction
    'up'
    >>> signatures.direction("emt", "melanoma").direction
    'two-sided'
    """
    check_known("axis", axis, axes())
    words = check_context(context)
    left_out = {without} if isinstance(without, str) else set(without)
    studies = voting_studies()
    for study in sorted(left_out):
        check_known("study", study, sorted(studies))
    table = _votes(axis, words, left_out)
    votes = table["vote"].tolist() if words else _by_study(table)
    fewest = MIN_CONTEXT_VOTES if words else MIN_VOTES
    way, why = _ruled(axis, votes, fewest)
    return AxisDirection(
        axis=axis,
        context=words,
        direction=way,
        n_up=votes.count(1),
        n_down=votes.count(-1),
        n_none=votes.count(0),
        votes=table,
        sentence=_sentence(table, words, why, way),
    )
