"""Find the columns of obs that describe an experiment, by their names and values."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dtpscore._design import DesignKeys, labels
from dtpscore._times import read_times
from dtpscore.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from dtpscore._options.check import CheckOptions

# Columns with more labels than this are no groups.
_MOST_GROUPS = 60
# Libraries of different cells share few barcodes by chance; lanes of one share most.
_SHARED_BARCODES = 0.2
_NAMES = {
    "groupby": r"condition|treatment|treated|group|arm|drug|stim|perturbation|status",
    "sample_key": r"sample|sample_?id|library|orig\.?ident|gem|mouse_?id|well",
    "replicate_key": r"rep|replicate|experiment|series|bio_?rep",
    "batch_key": r"patient|donor|line|cell_?line|tumor|tumour|pdx|batch",
    "time_key": r"days?|times?|time_?points?|hours?|dose|concentration|day_on_drug",
    "cell_type_key": r"cell_?types?|celltype|annotation|cell_?ontology|lineage",
}
_REFERENCE = re.compile(
    r"^(parental|untreated|un-?treated|control|ctrl|ctl|dmso|vehicle|na[iï]ve|baseline|"
    r"before|pre|pre-?treatment|mock|sensitive|none|no[ _-]?drug|0|d0|day[ _-]?0)$",
    re.IGNORECASE,
)
_HOLIDAY = re.compile(
    r"holiday|wash[ _-]?out|withdraw|released?$|off[ _-]?drug|recover|regrow|relapse",
    re.IGNORECASE,
)
_MALIGNANT = re.compile(r"malignant|tumou?r|cancer|neoplas", re.IGNORECASE)
_NOT_MALIGNANT = re.compile(r"non|normal|infiltrat|associated", re.IGNORECASE)
_LANE = re.compile(r"[ _.-]*(l00\d|lane[ _-]?\d+)$", re.IGNORECASE)
_BARCODE = re.compile(r"[ACGT]{12,}")


@dataclass(frozen=True)
class Columns:
    """The columns of an experiment, given or found.

    Attributes
    ----------
    keys
        Columns and groups; None where there is no column of groups.
    found
        Names of the options that were found and not given.
    """

    keys: DesignKeys | None
    found: tuple[str, ...]


def _named(obs: pd.DataFrame, pattern: str) -> list[str]:
    known = re.compile(rf"^({pattern})$", re.IGNORECASE)
    return [str(name) for name in obs.columns if known.match(str(name))]


def _labels(obs: pd.DataFrame, key: str) -> tuple[str, ...]:
    try:
        return labels(obs, key, "groups").names
    except DataError:
        return ()


def _group_column(obs: pd.DataFrame) -> str | None:
    """Column of groups: one with a reference among its labels goes first."""
    usable = [
        name
        for name in _named(obs, _NAMES["groupby"])
        if 2 <= len(_labels(obs, name)) <= _MOST_GROUPS
    ]
    with_reference = [n for n in usable if any(map(_REFERENCE.match, _labels(obs, n)))]
    return next(iter(with_reference or usable), None)


def _is_time(obs: pd.DataFrame, key: str) -> bool:
    try:
        return len(read_times(obs[key], key).names) > 1
    except DataError:
        return False


def _first(obs: pd.DataFrame, option: str, but: set[str]) -> str | None:
    for name in _named(obs, _NAMES[option]):
        fits = (
            _is_time(obs, name) if option == "time_key" else len(_labels(obs, name)) > 1
        )
        if fits and name not in but:
            return name
    return None


def find_columns(obs: pd.DataFrame, options: CheckOptions) -> Columns:
    """Take the columns that are given and look for the others.

    Parameters
    ----------
    obs
        Annotation of the cells.
    options
        What is given.

    Returns
    -------
    The columns; a column of batches is used only where it is given, because it
    decides which reference cells count.
    """
    found: list[str] = []

    def take(name: str, given: object, looked_for: object) -> object:
        if given or not looked_for:
            return given
        found.append(name)
        return looked_for

    groupby = take("groupby", options.groupby, _group_column(obs))
    if groupby is None:
        return Columns(None, ())
    there = labels(obs, str(groupby), "groups").names
    reference = take(
        "reference", options.reference, next(filter(_REFERENCE.match, there), None)
    )
    off = tuple(n for n in there if _HOLIDAY.search(n) and n != reference)
    keys = {"groupby": groupby, "reference": reference, "batch_key": options.batch_key}
    keys["holiday"] = take("holiday", options.holiday, off if reference else ())
    but = {str(groupby)}
    for name in ("sample_key", "replicate_key", "time_key", "cell_type_key"):
        keys[name] = take(name, getattr(options, name), _first(obs, name, but))
    kinds = _labels(obs, str(keys["cell_type_key"])) if keys["cell_type_key"] else ()
    tumor = tuple(
        n for n in kinds if _MALIGNANT.search(n) and not _NOT_MALIGNANT.search(n)
    )
    keys["malignant"] = take("malignant", options.malignant, tumor)
    if not keys["malignant"]:
        # Without them the column would be refused; cell types are of no use then.
        keys["cell_type_key"] = None
        found = [name for name in found if name != "cell_type_key"]
    return Columns(DesignKeys(**keys), tuple(found))  # type: ignore[arg-type]


def within(obs: pd.DataFrame, keys: DesignKeys) -> str:
    """Name a column of patients or lines that groups could be compared within.

    Parameters
    ----------
    obs
        Annotation of the cells.
    keys
        Columns of the experiment.

    Returns
    -------
    A sentence; empty where such a column is given already, or where fewer than two of
    its labels have reference cells and others.
    """
    if keys.batch_key or not keys.reference:
        return ""
    reference = (obs[keys.groupby].astype(str) == keys.reference).to_numpy()
    for name in _named(obs, _NAMES["batch_key"]):
        own = obs[name].astype(str).to_numpy()
        known = obs[name].notna().to_numpy()
        both = set(own[known & reference]) & set(own[known & ~reference])
        if len(both) > 1:
            return (
                f"obs[{name!r}] has {len(set(own[known]))} labels, {len(both)} of them "
                f"with cells of {keys.reference} and others. The command that fits "
                f"compares groups over all of them; add --batch-key {name} to compare "
                "them within each."
            )
    return ""


def lanes(obs: pd.DataFrame, key: str) -> str:
    """Say whether samples look like lanes of one library; empty where they do not.

    Lanes of one library hold the same cells twice, so they are no replicates. Their
    names differ in the lane alone, or they share most of their barcodes.
    """
    sample = labels(obs, key, "samples")
    stems = Counter(_LANE.sub("", name) for name in sample.names)
    by_name = [
        n for n in sample.names if _LANE.search(n) and stems[_LANE.sub("", n)] > 1
    ]
    if by_name:
        return (
            f"Samples {', '.join(by_name[:4])} look like lanes of one library by their "
            "names. Lanes are no replicates: join them first."
        )
    barcodes = [_BARCODE.search(str(name)) for name in obs.index]
    if not barcodes or any(one is None for one in barcodes):
        return ""
    own: dict[str, set[str]] = {}
    for name, one in zip(sample.text.tolist(), barcodes, strict=True):
        own.setdefault(name, set()).add(one.group() if one else "")
    for place, first in enumerate(sample.names):
        for second in sample.names[place + 1 :]:
            fewer = min(len(own[first]), len(own[second]))
            shared = len(own[first] & own[second]) / max(fewer, 1)
            if shared > _SHARED_BARCODES:
                return (
                    f"Samples {first} and {second} share {shared:.0%} of their "
                    "barcodes, as lanes of one library do. Lanes are no replicates: "
                    "join them first."
                )
    return ""
