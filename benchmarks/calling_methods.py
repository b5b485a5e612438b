"""Ways to rank and to call query cells, one row of the table each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from calling_arrays import arrays, components_of, keys_of
from calling_data import Run, score
from calling_pertpy import classify, pertpy_is_there
from scipy.stats import false_discovery_control
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from dtpscore import signatures
from dtpscore._calling.cells import reference_units
from dtpscore._calling.conformal import (
    conformal_pvalues,
    local_fdr,
)
from dtpscore._calling.shift import held_out_shift
from dtpscore._statistics.public_libraries import public_libraries

if TYPE_CHECKING:
    import anndata as ad
    import scipy.sparse as sp

    from dtpscore._calling.cells import Cells
    from dtpscore._calling.features import Features
    from dtpscore._calling.shift import Shift

ALPHA = 0.05
# The studies whose bulk profiles are thinned here.
OWN_STUDIES = ("hayford2024", "stauffer2024")


@dataclass(frozen=True)
class Verdict:
    """Score, calls and probability of being a persister of the query cells."""

    score: np.ndarray
    called: np.ndarray
    posterior: np.ndarray


def from_pvalues(score: np.ndarray, pvalue: np.ndarray) -> Verdict:
    """Calls at the false discovery rate of the table, and 1 - local FDR."""
    called = false_discovery_control(pvalue) <= ALPHA
    return Verdict(score, called, 1 - local_fdr(pvalue))


@dataclass(frozen=True, eq=False)
class Scored:
    """A pool of cells with everything that methods look at.

    Attributes
    ----------
    features
        Features of a call.
    lists
        Control z of every published persister list and a few others, by name.
    n_genes, mki67
        Genes detected, and log-normalized MKI67.
    counts
        Cells x genes.
    """

    features: Features
    counts: sp.csr_matrix
    lists: dict[str, np.ndarray]
    n_genes: np.ndarray
    mki67: np.ndarray


Method = Callable[[Scored, Run], Verdict]


def prepare(cells: ad.AnnData) -> Scored:
    """Score a pool once for all methods."""
    found = score(cells)
    names = [
        name
        for name in found.names
        if signatures.load(name).axis == "published_contrasts"
    ]
    counts = cells.X.tocsr()
    total = np.asarray(counts.sum(axis=1)).ravel()
    mki67 = counts[:, list(cells.var_names).index("MKI67")].toarray().ravel()
    return Scored(
        features=found,
        counts=counts,
        lists={name: found.values[:, found.names.index(name)] for name in names},
        n_genes=np.diff(counts.indptr).astype(float),
        mki67=np.log1p(mki67 / total * 1e4),
    )


@lru_cache(maxsize=2)
def cells_of(scored: Scored, run: Run) -> tuple[Cells, np.ndarray]:
    """Arrays as the package makes them, and the index."""
    found, rows = scored.features, run.rows
    index = reference_units(found.index[rows], run.reference)
    keys = keys_of(rows)
    cells = arrays(
        found.values[rows],
        components_of(scored.counts[rows], run.sample, keys),
        index,
        sample=run.sample,
        reference=run.reference,
        keys=keys,
    )
    return cells, index


def one_sided(values: np.ndarray, run: Run) -> Verdict:
    """Call by a single score, high values being extreme."""
    query = values[~run.reference]
    return from_pvalues(query, conformal_pvalues(values[run.reference], query))


@lru_cache(maxsize=2)
def _shift(scored: Scored, run: Run) -> Shift:
    """One fit, for the default and the ablations that only read it."""
    prior = public_libraries(OWN_STUDIES).along
    return held_out_shift(cells_of(scored, run)[0], alpha=ALPHA, prior=prior)


def default_call(scored: Scored, run: Run) -> Verdict:
    """The default of the package where there are two reference samples or more."""
    found, query = _shift(scored, run), ~run.reference
    return from_pvalues(found.score[query], found.pvalue[query])


def one_reading(column: int) -> Method:
    """Ablation: one of the two readings of the shift alone."""

    def method(scored: Scored, run: Run) -> Verdict:
        pvalue = _shift(scored, run).readings[~run.reference, column]
        return from_pvalues(-pvalue, pvalue)

    return method


def signatures_only(scored: Scored, run: Run) -> Verdict:
    """Ablation: components of expression are never used."""
    cells, query = cells_of(scored, run)[0], ~run.reference
    none = replace(cells, components=np.zeros((len(query), 0)))
    found = held_out_shift(none, alpha=ALPHA)
    return from_pvalues(found.score[query], found.pvalue[query])


def components_unchecked(scored: Scored, run: Run) -> Verdict:
    """Ablation: components of expression are always used, by both readings."""
    cells, query = cells_of(scored, run)[0], ~run.reference
    none = np.zeros((len(query), 0))
    always = replace(cells, features=cells.joined, components=none)
    found = held_out_shift(always, alpha=ALPHA)
    return from_pvalues(found.score[query], found.pvalue[query])


def with_index(scored: Scored, run: Run) -> Verdict:
    """Ablation: the index as a third reading."""
    found, query = _shift(scored, run), ~run.reference
    index = cells_of(scored, run)[1]
    third = conformal_pvalues(index[run.reference], index[query])
    least = np.minimum(found.pvalue[query], third)
    return from_pvalues(found.score[query] + index[query], np.minimum(2 * least, 1))


def with_proliferation(scored: Scored, run: Run) -> Verdict:
    """Ablation: low proliferation votes on the direction beside the index."""
    cells, index = cells_of(scored, run)
    dividing = reference_units(scored.features.proliferation[run.rows], run.reference)
    found = held_out_shift(replace(cells, evidence=index - dividing), alpha=ALPHA)
    query = ~run.reference
    return from_pvalues(found.score[query], found.pvalue[query])


def logistic(scored: Scored, run: Run) -> Verdict:
    """Plain logistic regression, cells cross-fitted, samples ignored."""
    cells, _ = cells_of(scored, run)
    model = LogisticRegression(C=0.05, max_iter=300)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    values = cross_val_predict(
        model, cells.features, ~run.reference, cv=folds, method="decision_function"
    )
    return one_sided(values, run)


def mixscape_like(scored: Scored, run: Run) -> Verdict:
    """Mixscape, rewritten plainly here (Papalexi 2021); not the code of pertpy.

    Perturbation vector from the mean of the query cells that are still counted as
    perturbed less the reference mean, two normal components along it, posterior above
    one half is a call; repeated until nothing changes.
    """
    cells, _ = cells_of(scored, run)
    values, query = cells.features, ~run.reference
    perturbed = query.copy()
    for _ in range(10):
        vector = values[perturbed].mean(axis=0) - values[run.reference].mean(axis=0)
        along = (values @ vector).reshape(-1, 1)
        means = [[along[run.reference].mean()], [along[perturbed].mean()]]
        mixture = GaussianMixture(2, means_init=means, random_state=0).fit(along)
        upper = int(np.argmax(mixture.means_.ravel()))
        posterior = mixture.predict_proba(along)[:, upper]
        again = query & (posterior > 0.5)
        if not again.any() or (again == perturbed).all():
            break
        perturbed = again
    return Verdict(posterior[query], again[query], posterior[query])


def mixscape_of_pertpy(scored: Scored, run: Run) -> Verdict:
    """Mixscape as pertpy has it, with its defaults, on log counts of all genes."""
    called, posterior = classify(scored.counts[run.rows], run.reference)
    query = ~run.reference
    return Verdict(posterior[query], called[query], posterior[query])


def first_component(scored: Scored, run: Run) -> Verdict:
    """PC1 of the features with the sign that suits it best, an oracle."""
    cells, _ = cells_of(scored, run)
    _, vectors = np.linalg.eigh(cells.features.T @ cells.features)
    values = cells.features @ vectors[:, -1]
    truth = run.truth
    if truth.any():
        others = ~run.reference & ~truth
        values = values * np.sign(values[truth].mean() - values[others].mean())
    return one_sided(values, run)


def prior_mean(scored: Scored, run: Run) -> Verdict:
    """Mean of all features with a published direction, with that sign."""
    found = scored.features
    signs = [
        {"up": 1.0, "down": -1.0}.get(signatures.load(name).direction, 0.0)
        for name in found.names
    ]
    return one_sided(found.values[run.rows] @ np.array(signs), run)


MAIN = "dtpscore"
METHODS: dict[str, Method] = {
    MAIN: default_call,
    "- within samples only": one_reading(0),
    "- whole samples only": one_reading(1),
    "- signatures only": signatures_only,
    "- components always, by both readings": components_unchecked,
    "- index as third reading": with_index,
    "- proliferation votes too": with_proliferation,
    "index alone": lambda s, r: one_sided(s.features.index[r.rows], r),
    "inverse proliferation": lambda s, r: one_sided(
        -s.features.proliferation[r.rows], r
    ),
    "inverse E2F": lambda s, r: one_sided(
        -s.features.values[r.rows, s.features.names.index("hallmark_e2f_targets")], r
    ),
    "inverse MKI67": lambda s, r: one_sided(-s.mki67[r.rows], r),
    "inverse genes detected": lambda s, r: one_sided(-s.n_genes[r.rows], r),
    "first component (oracle sign)": first_component,
    "prior-signed mean": prior_mean,
    "logistic regression, cells as units": logistic,
    "Mixscape-like (own plain version)": mixscape_like,
}
if pertpy_is_there():
    METHODS["Mixscape of pertpy, all genes"] = mixscape_of_pertpy


def published(name: str) -> Method:
    """One published list, as a score."""
    return lambda s, r: one_sided(s.lists[name][r.rows], r)
