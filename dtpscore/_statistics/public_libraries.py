"""How much replicate libraries of public experiments differ."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtpscore._statistics.moderated import (
    NOTHING_KNOWN,
    Prior,
    fit_prior,
    independent_features,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

ASSUMED = "assumed from public replicate libraries"
_TABLE = Path(__file__).with_name("library_prior.toml")


@dataclass(frozen=True)
class PublicLibraries:
    """What public replicate libraries say of a new experiment.

    Attributes
    ----------
    level
        Variance of the means of libraries in a typical feature, in squared standard
        deviations of their cells, and how alike experiments are in it.
    whole
        The same of the mean over features, for `whole_move`.
    along
        Variance between untreated libraries along the direction that a model learned
        from the difference of a state to another one, for `tolerance`.
    feature_freedom
        How alike the features of one experiment are.
    independent
        Number of independent features that the features of a call are worth.
    n_groups
        Number of groups of replicate libraries behind it.
    """

    level: Prior
    whole: Prior
    along: Prior
    feature_freedom: float
    independent: float
    n_groups: int


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def public_libraries(exclude_studies: Iterable[str] = ()) -> PublicLibraries:
    """Read the table of public replicate libraries.

    The variance of a group is worth its degrees of freedom times the number of
    independent features. The prior is fitted over the groups (`fit_prior`), so that its
    freedom is what experiments have in common, which is little: it says within a factor
    of several how large a library effect is. `benchmarks/library_prior.py` makes the
    table and prints how well it holds.

    Parameters
    ----------
    exclude_studies
        Studies to leave out, because the data that are judged are theirs.

    Raises
    ------
    ValueError
        Too few groups are left: two, one of them of three libraries, are needed.
    """
    return _without(frozenset(exclude_studies))


@cache
def _without(excluded: frozenset[str]) -> PublicLibraries:
    """Fit the priors once per process: a plan asks for them in every simulation."""
    table = _table()
    groups = [one for one in table["group"] if one["study"] not in excluded]
    freedom = [one["libraries"] - 1 for one in groups]
    independent = independent_features(
        [one["held_out_squares"] for one in groups], freedom
    )
    worth = [one * independent for one in freedom]
    level, whole = (
        fit_prior([one[name] for one in groups], worth, source=ASSUMED)
        for name in ("variance", "mean_variance")
    )
    alike = float(table["feature_freedom"])
    along = _along([one for one in groups if "along_variance" in one])
    return PublicLibraries(level, whole, along, alike, independent, len(groups))


def _along(groups: list[dict[str, Any]]) -> Prior:
    """Fit the prior of directions, worth less than the number of studies behind it.

    The groups of one study are made alike, so that their agreement says little of
    another study.
    """
    studies = len({one["study"] for one in groups})
    if studies < 2:
        return NOTHING_KNOWN
    found = fit_prior(
        [one["along_variance"] for one in groups],
        [one["libraries"] - 1 for one in groups],
        source=ASSUMED,
    )
    return replace(found, freedom=min(found.freedom, studies - 1.0))
