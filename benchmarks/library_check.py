"""Do moderated tests hold their level between real replicate libraries?

Every library of a group of replicates is tested against the other ones, or, for one
library in each arm, against each other one. No library was treated, so every rejection
is wrong. Public priors are made without the study that is tested.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd

import dtpscore
from dtpscore._statistics.contrast import arm_contrast
from dtpscore._statistics.moderated import borrowed_prior, fit_prior
from dtpscore._statistics.moves import moderated_move, whole_move
from dtpscore._statistics.public_libraries import public_libraries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from library_prior import Group, Measured

    from dtpscore._statistics.moves import Move

ALPHA = 0.05
FEWEST_CELLS = 40


def moves(means: np.ndarray, treated: np.ndarray, study: str) -> dict[str, Move]:
    """The test with each prior."""
    contrast = arm_contrast(means, treated, (-1, 1))
    freedom = contrast.freedom
    public = public_libraries([study])
    kinds = {"feature_freedom": public.feature_freedom}
    kinds["independent"] = public.independent
    if freedom == 0:
        prior = borrowed_prior(contrast.variance, 0, public=public.level, **kinds)
        return {"public prior alone": moderated_move(means, treated, prior=prior)}
    limit = {"most_freedom": freedom * public.independent}
    own = fit_prior(contrast.variance, freedom)
    shared = borrowed_prior(contrast.variance, freedom, **kinds)
    both = borrowed_prior(contrast.variance, freedom, public=public.level, **kinds)
    return {
        "no prior": moderated_move(means, treated, prior=None),
        "limma, as it is": moderated_move(means, treated, prior=own),
        "limma, freedom limited": moderated_move(means, treated, prior=own, **limit),
        "features of the experiment": moderated_move(
            means, treated, prior=shared, **limit
        ),
        "and public libraries": moderated_move(means, treated, prior=both),
    }


def _tests(one: Measured) -> Iterator[tuple[str, Move]]:
    means = one.means.dropna(axis=1).to_numpy()
    n = len(means)
    designs = [np.arange(n) == held for held in range(n)] if n > 2 else []
    for treated in designs:
        for prior, move in moves(means, treated, one.group.study).items():
            yield f"{n - 1} + 1, {prior}", move
    for pair in combinations(range(n), 2):
        both = moves(means[list(pair)], np.array([False, True]), one.group.study)
        for prior, move in both.items():
            yield f"1 + 1, {prior}", move


def _whole(one: Measured) -> Iterator[tuple[str, float]]:
    """p-values of the test of all features together."""
    means = one.means.dropna(axis=1).to_numpy()
    public, n = public_libraries([one.group.study]), len(means)
    number = public.independent
    designs = [np.arange(n) == held for held in range(n)] if n > 2 else []
    for treated in designs:
        alone = whole_move(means, treated, independent=number)
        both = whole_move(means, treated, independent=number, prior=public.whole)
        yield f"{n - 1} + 1, features of the experiment", alone.pvalue
        yield f"{n - 1} + 1, and public libraries", both.pvalue
    for pair in combinations(range(n), 2):
        move = whole_move(
            means[list(pair)], [False, True], independent=number, prior=public.whole
        )
        yield "1 + 1, public prior alone", move.pvalue


def check(measured: list[Measured]) -> pd.DataFrame:
    """Share of features and of tests with a rejection at 0.05.

    Returns
    -------
    One row per design and prior: ``tests``; ``features``, the mean share of features
    with p at or below 0.05; ``any``, the share of tests in which a feature passes
    Bonferroni; ``worst``, the largest share of features in a group; ``whole``, the
    share of tests in which all features together say that the library moved.
    """
    rows, together = [], []
    for one in measured:
        group = f"{one.group.study} {one.group.name}"
        for name, move in _tests(one):
            small = move.pvalue <= ALPHA / len(move.pvalue)
            rows.append((name, group, (move.pvalue <= ALPHA).mean(), small.any()))
        together += [(name, pvalue <= ALPHA) for name, pvalue in _whole(one)]
    frame = pd.DataFrame(rows, columns=["test", "group", "features", "any"])
    whole = pd.DataFrame(together, columns=["test", "whole"])
    grouped = frame.groupby("test", sort=False)
    worst = frame.groupby(["test", "group"], sort=False)["features"].mean()
    return pd.DataFrame(
        {
            "tests": grouped.size(),
            "features": grouped["features"].mean().round(3),
            "any": grouped["any"].mean().round(3),
            "worst": worst.groupby("test").max().round(2),
            "whole": whole.groupby("test")["whole"].mean().round(3),
        }
    )


def call_libraries(cells: ad.AnnData, group: Group) -> ad.AnnData:
    """Call all other cells against those of the arm "reference".

    The libraries were made apart, as the experiments say. Only the studies of bulk
    replicates have lists of their own, which must not take part.
    """
    return dtpscore.tl.call(
        cells,
        groupby="arm",
        reference="reference",
        sample_key="library",
        check_reference=False,
        check_replicates=False,
        exclude_studies=[group.study] if group.kind == "bulk replicates" else None,
        copy=True,
    )


def with_arms(group: Group, arm: np.ndarray, library: list[str]) -> ad.AnnData:
    """Counts of a group with the columns that `call_libraries` reads."""
    obs = pd.DataFrame({"arm": arm, "library": library})
    obs.index = [f"{one} cell {n}" for n, one in enumerate(arm)]
    return ad.AnnData(group.cells.X, obs, pd.DataFrame(index=group.cells.var_names))


def false_calls(groups: Iterable[Group]) -> pd.DataFrame:
    """Call each library of a group against the other ones.

    Returns
    -------
    One row per library of a group of three or more: ``study``, ``group``, ``called``,
    the share of its cells that is called, and ``tolerance``.
    """
    rows = []
    for group in groups:
        names, sizes = np.unique(group.library, return_counts=True)
        names = names[sizes >= FEWEST_CELLS]
        for held in names if len(names) > 2 else ():
            query = group.library == held
            arm = np.where(query, "query", "reference")
            cells = with_arms(group, arm, [str(one) for one in group.library])
            found = call_libraries(cells, group)
            own = found.uns["dtp_call"]["calibration"].iloc[0]
            rows.append(
                {
                    "study": group.study,
                    "group": group.name,
                    "called": float((found.obs["dtp_qvalue"][query] <= ALPHA).mean()),
                    "tolerance": round(float(own["tolerance"]), 2),
                }
            )
    return pd.DataFrame(rows)
