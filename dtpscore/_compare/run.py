"""From the axes of cells to the record of a comparison of arms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import signatures
from dtpscore._compare import arms as on_arrays
from dtpscore._compare.record import CompareRecord
from dtpscore._compare.samples import (
    FEWEST_CELLS,
    arms_of,
    over_batches,
    samples_of,
)
from dtpscore._design import DesignKeys
from dtpscore._statistics.samples import sample_means
from dtpscore.errors import ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dtpscore._compare.samples import Arm, Samples
    from dtpscore._design import Design
    from dtpscore._options.compare import CompareOptions

    BoolArray = NDArray[np.bool_]
    FloatArray = NDArray[np.float64]


def _standardized(values: FloatArray, reference: BoolArray) -> FloatArray:
    """Express axes in SD of the reference cells; NaN where an axis does not vary."""
    base = values[reference]
    spread = base.std(axis=0, ddof=1) if len(base) > 1 else np.zeros(base.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        result: FloatArray = np.where(
            spread > 0, (values - base.mean(axis=0)) / spread, np.nan
        )
    return result


def _published(axis: str, options: CompareOptions) -> tuple[str, str]:
    """Direction of an axis in this context, and the sentence behind it."""
    if axis not in signatures.axes():
        return "", "An own signature; no contrast has a say."
    found = signatures.direction(
        axis, options.context or None, without=options.exclude_studies
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


def _one_arm(
    design: Design,
    values: FloatArray,
    names: list[str],
    *,
    arm: Arm,
    options: CompareOptions,
) -> tuple[pd.DataFrame, dict[str, Any], pd.DataFrame] | None:
    """Tables of one arm; None where no axis varies in its reference cells."""
    samples = samples_of(design, arm)
    inside = samples.code >= 0
    means = sample_means(
        _standardized(values, arm.reference)[inside], samples.code[inside]
    )
    known: BoolArray = np.asarray(np.isfinite(means).all(axis=0))
    if not known.any():
        return None
    kept = [name for name, one in zip(names, known.tolist(), strict=True) if one]
    means = means[:, known]
    pair = None
    if options.pair_key is not None:
        pair = np.unique(samples.pair, return_inverse=True)[1].astype(np.int64)
    found = on_arrays.compare_arm(means, samples.treated, pair)
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
    return (
        _axis_frame(arm, kept, found, options),
        row,
        _sample_frame(arm, samples, kept, means),
    )


def compare_arms(
    design: Design, values: FloatArray, names: list[str], options: CompareOptions
) -> CompareRecord:
    """Compare every arm with the reference.

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

    Raises
    ------
    ResultError
        No batch has cells of the reference and of another group, or no axis varies in
        the reference cells.
    """
    tables = [
        _one_arm(design, values, names, arm=arm, options=options)
        for arm in arms_of(design, DesignKeys.of(options))
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
        methods=_methods(rows),
        messages=_messages(axes, rows, options),
    )


def _messages(
    axes: pd.DataFrame, rows: pd.DataFrame, options: CompareOptions
) -> list[str]:
    told = []
    for row in rows.to_dict("records"):
        where = "" if row["batch"] == "all" else f" in {row['batch']}"
        told.append(f"{row['group']}{where}: {row['note']}")
    if (rows["method"] == "none").any() and not over_batches(DesignKeys.of(options)):
        told.append(
            "Each batch is looked at by itself. Where batches are patients with "
            "samples of both arms, give the column as pair_key too: patients are then "
            "compared with themselves, all together."
        )
    if options.sample_key is None:
        told.append(
            "No column of samples is given, so each group counts as one sample. Cells "
            "are not replicates."
        )
    against = axes[(axes["agreement"] == on_arrays.AGAINST).to_numpy()]
    if len(against):
        where = f" in {' and '.join(options.context)}" if options.context else ""
        found = ", ".join(dict.fromkeys(against["axis"].astype(str)))
        told.append(
            f"These axes differ against the direction that is published{where}: "
            f"{found}."
        )
    return told


def _methods(rows: pd.DataFrame) -> list[str]:
    told = [
        "Each axis was averaged over the cells of a sample and compared between every "
        "arm and the reference with the sample as the unit, in standard deviations of "
        "the reference cells. "
    ]
    used = set(rows["method"]) - {"none"}
    if any("moderated" in one for one in used):
        told.append(
            "The variance between samples was moderated over the axes (Smyth 2004, "
            "doi:10.2202/1544-6115.1027), as far as public replicate libraries say "
            "that axes are alike."
        )
    if any("paired" in one for one in used):
        told.append("Patients with both arms were compared with themselves.")
    if used:
        told.append(
            "False discovery rates are those of Benjamini and Hochberg over the axes "
            "of an arm."
        )
    return [one.strip() for one in told]
