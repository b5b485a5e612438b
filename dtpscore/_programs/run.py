"""From counts and the design to the record of the nearest programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _genes
from dtpscore._calling.features import FEWEST_OF_LIST, MIN_COVERAGE
from dtpscore._compare.arms import adjusted
from dtpscore._compare.profiles import library_profiles
from dtpscore._compare.samples import arms_of, samples_of
from dtpscore._design import DesignKeys
from dtpscore._methods.strata import expression_bins
from dtpscore._programs import decide, likeness
from dtpscore._programs.known import BY_CONTRAST, BY_LIST, PERSISTER, known_programs
from dtpscore._programs.record import ProgramsRecord
from dtpscore._programs.words import about_samples, messages, methods
from dtpscore._statistics.jackknife import jackknife, left_out
from dtpscore._statistics.samples import sample_means, units_of
from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dtpscore._compare.samples import Arm, Samples
    from dtpscore._design import Design
    from dtpscore._options.programs import ProgramsOptions
    from dtpscore._programs.known import Known, Program
    from dtpscore._statistics.samples import Units

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# Bins of expression aimed at, as the control-matched scores have them.
N_BINS = 25
# A list takes part with half of its genes, if these are so many. Of a long list so many
# genes as for the name of a call stand for the others.
FEWEST_GENES = 5
# Measured contrasts are described by this many signatures at least.
FEWEST_SIGNATURES = 30
LEVEL = 0.95


@dataclass(frozen=True)
class _Ready:
    """Programs laid over the genes of the data.

    Attributes
    ----------
    programs
        Those that take part, lists first.
    counts
        Genes of each list, or signatures of each contrast, that both have.
    weights
        Genes and weights of each list, then of each describing signature.
    n_lists
        How many of the weights are lists.
    contrasts
        float64 (signatures, contrasts).
    either
        bool (programs,), programs without a sign.
    """

    programs: tuple[Program, ...]
    counts: list[int]
    weights: list[tuple[NDArray[np.int32], FloatArray]]
    n_lists: int
    contrasts: FloatArray
    either: NDArray[np.bool_]

    def likeness(self, ranks: FloatArray, matrix: FloatArray) -> FloatArray:
        """Correlation of ranks with every program, with its sign."""
        by_list = ranks @ matrix
        if not self.contrasts.size:
            return by_list
        own = by_list[self.n_lists :, None]
        by_contrast = likeness.rank_correlations(own, self.contrasts)[0]
        return np.concatenate([by_list[: self.n_lists], by_contrast])


def _ready(known: Known, genes: Sequence[str], options: ProgramsOptions) -> _Ready:
    every = [*known.lists, *known.described]
    by_name = {one.name: one for one in every}
    match = _genes.match(list(by_name.values()), genes, species_of_data=options.species)
    weights = dict(zip(by_name, likeness.list_weights(match.net), strict=True))
    cover = match.coverage
    enough = (cover["n_found"] >= FEWEST_GENES) & (cover["fraction"] >= MIN_COVERAGE)
    enough |= cover["n_found"] >= FEWEST_OF_LIST
    n = len(known.lists)
    lists = [place for place in range(n) if enough[known.lists[place].name]]
    chosen = [known.programs[place] for place in lists]
    if not any(one.kind == PERSISTER and one.clear for one in chosen):
        msg = (
            f"No published program of persisters has half or {FEWEST_OF_LIST} of its "
            "genes in these data, so there is nothing to hold the experiment against."
        )
        raise ResultError(msg)
    counts = [int(cover.loc[one.name, "n_found"]) for one in chosen]
    rows = [k for k, one in enumerate(known.described) if enough[one.name]]
    described = known.described if len(rows) >= FEWEST_SIGNATURES else ()
    contrasts = known.contrasts[rows if described else []]
    columns = known.programs[n:] if described else ()
    programs = (*chosen, *columns)
    return _Ready(
        programs,
        [*counts, *(len(rows) for _ in columns)],
        [
            *(weights[one.name] for one in chosen),
            *(weights[known.described[k].name] for k in rows if described),
        ],
        len(chosen),
        contrasts if described else np.empty((0, 0)),
        np.array([one.either for one in programs]),
    )


def _difference(units: Units) -> FloatArray:
    means = sample_means(units.values, units.treated.astype(np.int64))
    gap: FloatArray = means[1] - means[0]
    return gap


@dataclass(frozen=True)
class _Found:
    """Likeness of one arm to every program; replicates leave out a sample in turn."""

    correlation: FloatArray
    replicates: FloatArray
    pvalue: FloatArray


def _pvalues(
    ranks: FloatArray,
    stratum: IntArray,
    ready: _Ready,
    found: FloatArray,
    *,
    matrix: FloatArray,
    options: ProgramsOptions,
) -> FloatArray:
    """Against random genes of like expression; one-sided where a program has a sign."""
    from scipy.stats import norm

    lists = slice(0, ready.n_lists)
    z = likeness.exact_z(ranks, stratum, ready.weights[lists])
    either = ready.either[lists]
    by_list = np.where(either, 2 * norm.sf(np.abs(z)), norm.sf(z))
    if not ready.contrasts.size:
        return by_list
    drawn = likeness.random_correlations(
        ranks,
        stratum,
        matrix[:, ready.n_lists :],
        ready.contrasts,
        n_permutations=options.n_permutations,
        seed=options.seed,
    )
    either = ready.either[ready.n_lists :]
    own = found[ready.n_lists :]
    drawn = np.where(either, np.abs(drawn), drawn)
    hits = (drawn >= np.where(either, np.abs(own), own) - 1e-12).sum(axis=0)
    return np.concatenate([by_list, (hits + 1) / (options.n_permutations + 1)])


def _of_arm(
    units: Units, stratum: IntArray, ready: _Ready, options: ProgramsOptions
) -> _Found:
    matrix = likeness.as_matrix(ready.weights, len(stratum))
    ranks = likeness.stratum_ranks(_difference(units), stratum)
    found = ready.likeness(ranks, matrix)
    replicates = []
    for kept in left_out(units):
        own = likeness.stratum_ranks(_difference(units.only(kept)), stratum)
        replicates.append(ready.likeness(own, matrix))
    pvalue = _pvalues(ranks, stratum, ready, found, matrix=matrix, options=options)
    # A program without a sign is as near as its size; replicates keep the sign.
    sign = np.where(ready.either & (found < 0), -1.0, 1.0)
    return _Found(
        found * sign, np.array(replicates).reshape(-1, len(found)) * sign, pvalue
    )


def _limits(
    values: FloatArray, replicates: FloatArray, units: Units
) -> tuple[FloatArray, FloatArray]:
    """Interval over samples; NaN where there is none."""
    from scipy.stats import t

    if not len(replicates):
        none = np.full(len(values), np.nan)
        return none, none
    error, freedom = jackknife(replicates, units)
    reach = float(t.ppf((1 + LEVEL) / 2, freedom)) * error
    return values - reach, values + reach


def _table(arm: Arm, ready: _Ready, found: _Found, units: Units) -> pd.DataFrame:
    low, high = _limits(found.correlation, found.replicates, units)
    by = np.array([one.by for one in ready.programs], dtype=object)
    frame = pd.DataFrame(
        {
            "batch": arm.batch,
            "group": arm.group,
            "by": by,
            "program": [one.name for one in ready.programs],
            "kind": [one.kind for one in ready.programs],
            "title": [one.title for one in ready.programs],
            "studies": [", ".join(one.studies) for one in ready.programs],
            "can_be_nearest": [one.clear for one in ready.programs],
            "n_shared": ready.counts,
            "correlation": found.correlation,
            "low": np.maximum(low, -1.0),
            "high": np.minimum(high, 1.0),
            "pvalue": found.pvalue,
            "qvalue": np.nan,
            "rank": 0,
        }
    )
    for one in dict.fromkeys(by):
        rows = (by == one).nonzero()[0]
        frame.loc[rows, "qvalue"] = adjusted(found.pvalue[rows])
        order = frame.loc[rows, "correlation"].rank(ascending=False, method="first")
        frame.loc[rows, "rank"] = order.astype(int)
    return frame


def _like(row: dict[str, Any]) -> decide.Likeness:
    names = ("title", "kind", "correlation", "low", "high", "qvalue")
    return decide.Likeness(name=row["program"], **{name: row[name] for name in names})


def _nearest(
    arm: Arm,
    by: str,
    table: pd.DataFrame,
    found: _Found,
    *,
    units: Units,
    alpha: float,
) -> dict[str, Any] | None:
    """Row of the nearest programs; None where no program of persisters takes part."""
    own = (table["by"] == by).to_numpy()
    persister = (table["kind"] == PERSISTER).to_numpy()
    clear = table["can_be_nearest"].to_numpy(dtype=bool)
    first = np.flatnonzero(own & persister & clear)
    rest = np.flatnonzero(own & ~persister)
    if not len(first):
        return None
    rows = table.to_dict("records")
    at = int(first[found.correlation[first].argmax()])
    near, other, gap, next_at = _like(rows[at]), None, None, None
    if len(rest):
        next_at = int(rest[found.correlation[rest].argmax()])
        other = _like(rows[next_at])
        difference = np.array([near.correlation - other.correlation])
        apart = found.replicates[:, [at]] - found.replicates[:, [next_at]]
        low, high = _limits(difference, apart, units)
        n_kinds = table.loc[rest, "kind"].nunique()
        limits = (float(low[0]), float(high[0]), n_kinds)
        gap = decide.Gap(float(difference[0]), *limits)
    said = decide.verdict(near, gap, alpha)
    nan = float("nan")
    return {
        "batch": arm.batch,
        "group": arm.group,
        "by": by,
        "nearest": near.name,
        "correlation": near.correlation,
        "other": "" if other is None else other.name,
        "other_kind": "" if other is None else other.kind,
        "other_correlation": nan if other is None else other.correlation,
        "difference": nan if gap is None else gap.difference,
        "low": nan if gap is None else gap.low,
        "high": nan if gap is None else gap.high,
        "verdict": said,
        "sentence": decide.sentence(said, by, arm.name, persister=near, other=other),
    }


def _arm_row(arm: Arm, samples: Samples, units: Units, n_genes: int) -> dict[str, Any]:
    n = int(units.treated.sum())
    n_pairs = 0 if units.pair is None else n
    return {
        "batch": arm.batch,
        "group": arm.group,
        "n_samples": n,
        "n_reference": len(units.treated) - n,
        "n_pairs": n_pairs,
        "n_genes": n_genes,
        "has_interval": bool(left_out(units)),
        "note": about_samples(units, samples.n_small),
    }


def nearest_programs(
    matrix: Any,
    genes: Sequence[str],
    design: Design,
    *,
    options: ProgramsOptions,
    left: Sequence[str] = (),
) -> ProgramsRecord:
    """Hold every arm against every published program.

    Parameters
    ----------
    matrix
        Cells by genes.
    genes
        Names of the columns.
    design
        The experiment.
    options
        Options.
    left
        Studies, signatures and contrasts that take no part.

    Raises
    ------
    DataError
        The values cannot be compared, or no gene is known.
    ResultError
        No batch has cells of the reference and of another group, or no program of
        persisters has enough of its genes in the data.
    SignatureError
        One of ``left`` is neither a program nor a study.
    """
    known, arms = known_programs(left), arms_of(design, DesignKeys.of(options))
    profiles = library_profiles(matrix, design, step="A contrast of the arms")
    ready = _ready(known, [genes[k] for k in profiles.genes], options)
    tables, nearest, rows = [], [], []
    for arm in arms:
        samples = samples_of(design, arm)
        pair = None
        if design.keys.pair_key is not None:
            pair = np.unique(samples.pair, return_inverse=True)[1].astype(np.int64)
        values = profiles.of(samples)
        units = units_of(values, samples.treated, pair)
        stratum = expression_bins(values.mean(axis=0), N_BINS)
        found = _of_arm(units, stratum, ready, options)
        table = _table(arm, ready, found, units)
        for by in (BY_LIST, BY_CONTRAST):
            row = _nearest(arm, by, table, found, units=units, alpha=options.alpha)
            nearest += [] if row is None else [row]
        tables.append(table)
        rows.append(_arm_row(arm, samples, units, len(stratum)))
    record = ProgramsRecord(
        params=options.model_dump(exclude_none=True, exclude={"key_added"}),
        table=pd.concat(tables, ignore_index=True),
        nearest=pd.DataFrame(nearest),
        arms=pd.DataFrame(rows),
        left_out=list(left),
    )
    return replace(
        record, messages=messages(record), methods=methods(record, profiles.how)
    )
