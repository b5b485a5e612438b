"""From the axes of cells to the record of a comparison of arms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import signatures
from dtpscore._compare import arms as on_arrays
from dtpscore._compare.covariates import covariate_matrix
from dtpscore._compare.profiles import library_profiles
from dtpscore._compare.record import CompareRecord
from dtpscore._compare.samples import FEWEST_CELLS, arms_of, samples_of
from dtpscore._compare.within import (
    CYCLING_PERSISTERS,
    PAPER,
    by_sample,
    cycling_arms,
    split_libraries,
)
from dtpscore._compare.words import messages, methods
from dtpscore._design import DesignKeys
from dtpscore._statistics.samples import sample_means
from dtpscore.errors import DataError, ResultError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dtpscore._compare.samples import Arm, Samples
    from dtpscore._design import Design
    from dtpscore._options.compare import CompareOptions

    BoolArray = NDArray[np.bool_]
    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

# Genes whose samples are kept in the record of an arm.
MOST_WITH_SAMPLES = 200
_CYCLING = "cycling less resting"


def _standardized(values: FloatArray, reference: BoolArray) -> FloatArray:
    """Express axes in SD of the reference cells; NaN where an axis does not vary."""
    base = values[reference]
    spread = base.std(axis=0, ddof=1) if len(base) > 1 else np.zeros(base.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        result: FloatArray = np.where(
            spread > 0, (values - base.mean(axis=0)) / spread, np.nan
        )
    return result


def _published(name: str, options: CompareOptions) -> tuple[str, str]:
    """Direction of an axis in this context, and the sentence behind it."""
    if options.by_genes:
        return "", ""
    if options.within:
        way = CYCLING_PERSISTERS.get(name, "")
        return way, f"{PAPER}: {way} in cycling persisters." if way else ""
    if name not in signatures.axes():
        return "", "An own signature; no contrast has a say."
    found = signatures.direction(
        name, options.context or None, without=options.exclude_studies
    )
    return found.direction, found.sentence


def _axis_frame(
    arm: Arm,
    names: list[str],
    found: on_arrays.Difference,
    options: CompareOptions,
) -> pd.DataFrame:
    verdicts = [
        on_arrays.verdict(gap, q, options.alpha)
        for gap, q in zip(found.difference, found.qvalue, strict=True)
    ]
    published = [_published(name, options) for name in names]
    return pd.DataFrame(
        {
            "batch": arm.batch,
            "group": arm.group,
            "axis": names,
            "n_samples": found.n_samples,
            "n_reference": found.n_reference,
            "difference": found.difference,
            "low": found.low,
            "high": found.high,
            "pvalue": found.pvalue,
            "qvalue": found.qvalue,
            "verdict": verdicts,
            "published": [one for one, _ in published],
            "agreement": [
                on_arrays.agreement(told, one)
                for told, (one, _) in zip(verdicts, published, strict=True)
            ],
            "published_in_words": [words for _, words in published],
        }
    )


def _sample_frame(
    arm: Arm, samples: Samples, names: list[str], means: FloatArray
) -> pd.DataFrame:
    n, k = means.shape
    return pd.DataFrame(
        {
            "batch": arm.batch,
            "group": arm.group,
            "axis": np.tile(np.array(names, dtype=object), n),
            "sample": np.repeat(np.array(samples.name, dtype=object), k),
            "pair": np.repeat(np.array(samples.pair, dtype=object), k),
            "is_reference": np.repeat(~samples.treated, k),
            "n_cells": np.repeat(samples.n_cells, k),
            "mean": means.ravel(),
        }
    )


@dataclass(frozen=True)
class _Measured:
    """What is compared.

    Attributes
    ----------
    names
        Names of the features.
    means_of
        Gives the means of the samples of an arm, (samples, features); NaN where a
        feature does not vary.
    unit
        Unit of the differences, in words.
    shown
        Features that are kept after the test; None for all.
    """

    names: list[str]
    means_of: Callable[[Arm, Samples], FloatArray]
    unit: str
    shown: frozenset[str] | None = None


def _most(found: on_arrays.Difference) -> IntArray:
    """Features whose samples are kept: of many, those that differ most."""
    size = np.where(np.isnan(found.pvalue), -np.abs(found.difference), found.pvalue)
    return np.sort(np.argsort(size, kind="stable")[:MOST_WITH_SAMPLES])


def _kept(
    found: on_arrays.Difference, names: list[str], shown: frozenset[str]
) -> tuple[on_arrays.Difference, IntArray]:
    """Keep the features that were asked for, with the discovery rate over them."""
    rows = np.array([k for k, name in enumerate(names) if name in shown], np.int64)
    parts = {
        name: getattr(found, name)[rows]
        for name in ("difference", "low", "high", "pvalue")
    }
    return replace(found, **parts, qvalue=on_arrays.adjusted(parts["pvalue"])), rows


def _one_arm(
    design: Design,
    measured: _Measured,
    *,
    arm: Arm,
    options: CompareOptions,
    obs: pd.DataFrame | None,
) -> tuple[pd.DataFrame, dict[str, Any], pd.DataFrame] | None:
    """Tables of one arm; None where no axis varies in its reference cells."""
    samples = samples_of(design, arm)
    means = measured.means_of(arm, samples)
    known: BoolArray = np.asarray(np.isfinite(means).all(axis=0))
    if not known.any():
        return None
    kept = [measured.names[k] for k in np.flatnonzero(known)]
    means = means[:, known]
    pair, covariates = None, None
    if options.pair_key is not None or options.within:
        pair = np.unique(samples.pair, return_inverse=True)[1].astype(np.int64)
    if obs is not None:
        covariates = covariate_matrix(obs, options.covariates, samples)
    found = on_arrays.compare_arm(
        means, samples.treated, pair, covariates=covariates, fitted=options.by_genes
    )
    if measured.shown is not None:
        found, rows = _kept(found, kept, measured.shown)
        kept, means = [kept[k] for k in rows], means[:, rows]
    note = found.note
    if samples.n_small:
        note += (
            f" Samples with fewer than {FEWEST_CELLS} cells are left out: "
            f"{samples.n_small}."
        )
    row = {
        "batch": arm.batch,
        "group": arm.group,
        "n_samples": found.n_samples,
        "n_reference": found.n_reference,
        "n_pairs": found.n_pairs,
        "n_cells": int(arm.treated.sum()),
        "freedom": found.freedom,
        "method": found.method,
        "note": note,
    }
    most = _most(found) if options.by_genes else np.arange(len(kept))
    return (
        _axis_frame(arm, kept, found, options),
        row,
        _sample_frame(arm, samples, [kept[k] for k in most], means[:, most]),
    )


def compare_arms(
    design: Design,
    values: FloatArray,
    names: list[str],
    options: CompareOptions,
    *,
    obs: pd.DataFrame | None = None,
    state: NDArray[np.str_] | None = None,
) -> CompareRecord:
    """Compare the axes of every arm with those of the reference.

    Parameters
    ----------
    design
        The experiment.
    values
        float64 (cells, axes).
    names
        Names of the axes.
    options
        Options.
    obs
        Annotation of the cells, with the covariates.
    state
        (cells,), states of a call, where cycling persisters are compared.

    Raises
    ------
    DataError
        A covariate does not exist, or a sample has none or several values of it.
    ResultError
        No batch has cells of the reference and of another group, no axis varies in
        the reference cells, the covariates leave nothing to test with, or too few
        samples have cycling and resting persisters.
    """

    def means_of(arm: Arm, samples: Samples) -> FloatArray:
        inside = samples.code >= 0
        return sample_means(
            _standardized(values, arm.reference)[inside], samples.code[inside]
        )

    unit = "SD of resting persisters" if options.within else "SD of reference cells"
    return _compared(
        design, _Measured(names, means_of, unit), options, obs=obs, state=state
    )


def compare_genes(
    design: Design,
    matrix: Any,
    genes: Sequence[str],
    options: CompareOptions,
    *,
    obs: pd.DataFrame,
    state: NDArray[np.str_] | None = None,
) -> CompareRecord:
    """Compare the genes of every arm with those of the reference.

    Parameters
    ----------
    design, options, obs, state
        As for `compare_arms`.
    matrix
        Cells by genes.
    genes
        Names of the columns.

    Raises
    ------
    DataError
        A gene that is asked for is not in the data, or the values cannot be compared.
    ResultError
        As for `compare_arms`.
    """
    asked = frozenset(options.features) - {"genes"}
    missing = sorted(asked - set(genes))
    if missing:
        msg = (
            f"There is no gene {missing[0]!r} in the data; features is 'axes', 'genes' "
            "or names of genes."
        )
        raise DataError(msg)

    def means_of(arm: Arm, samples: Samples) -> FloatArray:
        return profiles.of(samples)

    # Within an arm, the cells of a sample that cycle are one library and those that
    # rest are another one.
    libraries = design if state is None else split_libraries(design, state)
    profiles = library_profiles(matrix, libraries, step="A comparison of genes")
    names = [genes[k] for k in profiles.genes]
    unit = "log2 counts per million"
    measured = _Measured(names, means_of, unit, asked or None)
    return _compared(design, measured, options, obs=obs, state=state)


def _compared(
    design: Design,
    measured: _Measured,
    options: CompareOptions,
    *,
    obs: pd.DataFrame | None,
    state: NDArray[np.str_] | None,
) -> CompareRecord:
    keys = DesignKeys.of(options)
    if options.within and state is not None:
        (arms, left), contrast = cycling_arms(design, keys, state), _CYCLING
        design = by_sample(design)
    else:
        arms, left, contrast = arms_of(design, keys), [], f"less {options.reference}"
    tables = [
        _one_arm(design, measured, arm=arm, options=options, obs=obs) for arm in arms
    ]
    made = [one for one in tables if one is not None]
    if not made:
        msg = (
            f"No axis varies between the cells of the reference {options.reference!r}, "
            "so no difference can be given in their standard deviations."
        )
        raise ResultError(msg)
    axes = pd.concat([one for one, _, _ in made], ignore_index=True)
    rows = pd.DataFrame([row for _, row, _ in made])
    return CompareRecord(
        params=options.model_dump(exclude_none=True, exclude={"key_added"}),
        axes=axes,
        arms=rows,
        samples=pd.concat([one for _, _, one in made], ignore_index=True),
        methods=methods(rows, options, measured.unit),
        messages=messages(axes, rows, options, left),
        unit=measured.unit,
        contrast=contrast,
    )
