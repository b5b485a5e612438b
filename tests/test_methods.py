"""Every method against the slow reference, and what it refuses."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import reference
import scipy.sparse as sp
from small_matrices import N_GENES, random_counts, random_net, scores

from dtpscore._methods.registry import METHODS
from dtpscore._options.score import ScoreOptions
from dtpscore._types import MethodName
from dtpscore.errors import DataError


@pytest.fixture
def counts():
    return random_counts()


@pytest.fixture
def net():
    return random_net()


@pytest.mark.parametrize("method", list(METHODS))
def test_reference(method, counts, net):
    few, dense = counts[:15], counts[:15].toarray()
    choices = {}
    if method == "tirosh":
        choices = {
            "n_bins": 25,
            "ctrl_size": 50,
            "ctrl_as_ref": True,
            "random_state": 0,
        }
    expected = getattr(reference, method)(dense, net, w_neg=0.5, **choices)
    found = scores(few, net, method, w_neg=0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("method", ["mean", "zscore"])
def test_weights_count_where_the_method_has_them(method, counts):
    weights = [2.0, -1.0, 0.5, 3.0]
    net = reference.make_net([([1, 5, 9], [20])], N_GENES, weights=weights)
    expected = getattr(reference, method)(counts.toarray(), net)
    np.testing.assert_allclose(scores(counts, net, method), expected, atol=1e-10)


@pytest.mark.parametrize("method", list(METHODS))
def test_signature_without_genes_is_nan_and_empty_cells_score(method, counts):
    net = reference.make_net([([], []), ([1, 2], [3]), ([], [4, 7])], N_GENES)
    matrix = sp.vstack([counts[:5], sp.csr_matrix((1, N_GENES), dtype=np.float32)])
    found = scores(matrix.tocsr(), net, method)
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1:]).all()


def test_clip_sets_negative_scores_to_zero(counts, net):
    plain, clipped = (scores(counts, net, "mean", clip=clip) for clip in (False, True))
    assert plain.min() < 0
    np.testing.assert_array_equal(clipped, np.maximum(plain, 0))


@pytest.mark.parametrize("method", ["ucell", "aucell", "ssgsea"])
def test_rank_methods_refuse_values_below_zero(method, counts, net):
    scaled = counts.toarray() - 1
    with pytest.raises(DataError, match=r"Row 0 .* below 0.*looks scaled"):
        scores(scaled, net, method)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["mean", "zscore", "tirosh"])
def test_value_methods_take_values_below_zero(method, counts, net):
    scaled = counts.toarray().astype(float) - 1
    choices = {}
    if method == "tirosh":
        choices = {
            "n_bins": 25,
            "ctrl_size": 50,
            "ctrl_as_ref": True,
            "random_state": 0,
        }
    expected = getattr(reference, method)(scaled, net, **choices)
    np.testing.assert_allclose(scores(scaled, net, method), expected, atol=1e-9)


def test_tirosh_without_any_control_gene_is_nan():
    net = reference.make_net([([0, 1, 2], []), ([0], [])], 3)
    matrix = np.array([[1.0, 2, 3], [4, 5, 6]])
    found = scores(matrix, net, "tirosh", n_bins=2)
    assert np.isnan(found[:, 0]).all()


def test_unknown_method_and_options_are_refused(counts, net):
    with pytest.raises(ValueError, match="method must be one of 'ucell'"):
        scores(counts, net, "gsva")
    with pytest.raises(ValueError, match="ties_method must be one of"):
        ScoreOptions(ties_method="dense")
    with pytest.raises(ValueError, match="max_rank must be at least 1"):
        ScoreOptions(max_rank=0)
    with pytest.raises(ValueError, match="auc_fraction"):
        ScoreOptions(auc_fraction=0.0)
    with pytest.raises(ValueError, match="'aucell' has ties_method"):
        scores(counts, net, "aucell", ties_method="min")
    with pytest.raises(ValueError, match="more than max_rank"):
        scores(counts, net, "ucell", max_rank=30)


def test_matrix_must_have_the_columns_of_the_net(counts, net):
    with pytest.raises(DataError, match=r"899 columns.*900 genes"):
        scores(counts[:, 1:], net, "mean")


def test_names_of_methods_are_those_of_the_options():
    assert get_args(MethodName) == tuple(METHODS)
