"""The method that suits the values."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest

import dtpscore as dtp
from dtpscore._scoring.advice import DEEP, UCELL_RANK, is_deep, recommended
from dtpscore._values import Values
from dtpscore.errors import InputWarning


def values(kind="counts", n_detected=2000.0):
    return Values(kind, kind == "counts", 0.0, 9.0, 100, "", n_detected)


def test_ranks_suit_shallow_cells_and_values_suit_deep_profiles():
    assert recommended(values()).method == "ucell"
    deep = recommended(values(n_detected=20_000.0))
    assert (deep.method, deep.normalize) == ("zscore", "log1p")
    assert "method='zscore', normalize='log1p' suits" in deep.sentence
    assert "20,000 genes" in deep.sentence


def test_log_values_are_not_transformed_again():
    assert recommended(values("log", 20_000.0)).normalize is None


def test_nothing_suits_scaled_values():
    found = recommended(values("scaled"))
    assert found.method is None
    assert "No method suits scaled values" in found.sentence


def test_the_limit_is_four_times_the_ranks():
    assert (UCELL_RANK, DEEP) == (1500, 4)
    assert not is_deep(values(n_detected=6000.0))
    assert is_deep(values(n_detected=6001.0))
    assert not is_deep(values(n_detected=6001.0), 1501)


@pytest.fixture
def deep():
    names = dtp.signatures.load("hallmark_e2f_targets").genes.up
    more = [f"G{number}" for number in range(7000 - len(names))]
    counts = np.random.default_rng(1).poisson(20, size=(6, 7000)) + 1.0
    cells = ad.AnnData(counts)
    cells.var_names = [*names, *more]
    return cells


@pytest.mark.filterwarnings("ignore::dtpscore.errors.CoverageWarning")
def test_score_names_the_method_where_ucell_does_not_suit(deep):
    with pytest.warns(InputWarning, match="use method='zscore', normalize='log1p'"):
        dtp.tl.score(deep, ["hallmark_e2f_targets"])


def test_check_names_the_method():
    cells = dtp.datasets.simulate(n_cells=60, seed=0)
    found = {one.question: one.reason for one in dtp.check(cells).answers}
    assert "method='ucell' suits" in found["score"]
