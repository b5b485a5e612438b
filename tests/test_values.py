"""One judge says what the values of a matrix are."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore._values import judge
from dtpscore.errors import DataError


@pytest.fixture(scope="module")
def counts():
    return dtp.datasets.simulate(n_cells=300, n_genes=800, seed=1).X.toarray() * 1.0


def rng():
    return np.random.default_rng(0)


def logged(counts, total=1e4):
    return np.log1p(counts / counts.sum(axis=1, keepdims=True) * total)


def tpm(counts):
    rate = counts / rng().lognormal(7.5, 0.8, counts.shape[1])
    return rate / rate.sum(axis=1, keepdims=True) * 1e6


def ambient_removed(counts):
    soup = counts.sum(axis=0) / counts.sum()
    return np.maximum(counts - 0.08 * counts.sum(axis=1, keepdims=True) * soup, 0)


def scaled_down(counts):
    return counts * rng().uniform(0.85, 0.99, counts.shape)


def some_fractions(counts):
    changed = (counts > 0) & (rng().random(counts.shape) < 0.2)
    return counts - changed * 0.5


def one_decimal(counts):
    changed = counts.copy()
    changed[0, np.flatnonzero(changed[0])[0]] = 2.5
    return changed


KINDS = {
    "counts": ("counts", lambda x: x),
    "rounded": ("counts", lambda x: np.rint(ambient_removed(x))),
    "SoupX-like": ("fractional counts", ambient_removed),
    "DecontX-like": ("fractional counts", scaled_down),
    "alevin-like": ("fractional counts", some_fractions),
    "one decimal": ("fractional counts", one_decimal),
    "shallow": ("fractional counts", lambda x: scaled_down(np.minimum(x // 20, 24))),
    "TPM": ("normalized", tpm),
    "counts per 10,000": ("normalized", lambda x: np.expm1(logged(x))),
    "CPM of some genes": ("normalized", lambda x: np.expm1(logged(x, 1e6))[:, :300]),
    "log": ("log", logged),
    "log of some genes": ("log", lambda x: logged(x)[:, :300]),
    "log2": ("log", lambda x: logged(x) / np.log(2)),
    "log of CPM": ("log", lambda x: logged(x, 1e6)),
    "log of TPM": ("log", lambda x: np.log1p(tpm(x))),
    "z-scores": ("scaled", lambda x: logged(x) - logged(x).mean(axis=0)),
    "present": ("unclear", lambda x: (x > 0) * 1.0),
    "0 to 1": ("unclear", lambda x: logged(x) / logged(x).max()),
    "zeros": ("unclear", lambda x: x * 0),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_of_values(counts, name):
    kind, make = KINDS[name]
    values = judge(sp.csr_matrix(make(counts).astype(np.float32)))
    assert values.kind == kind, values.reason


def test_counts_beside_log_values_are_unclear(counts):
    mixed = counts.copy()
    mixed[150:] = logged(counts)[150:]
    assert judge(mixed).kind == "unclear"


@pytest.mark.parametrize("name", ["counts", "TPM", "log", "z-scores", "SoupX-like"])
def test_the_judgment_does_not_depend_on_the_form(counts, name):
    made = KINDS[name][1](counts).astype(np.float32)
    dask = pytest.importorskip("dask.array")
    forms = [
        made,
        sp.csr_matrix(made),
        sp.csc_matrix(made),
        dask.from_array(made, (70, -1)),
    ]
    assert len({judge(form) for form in forms}) == 1


def test_cells_from_all_over_the_matrix_are_looked_at(counts):
    many = np.vstack([counts] * 5)
    many[-60:] = -1.0
    found = judge(many)
    assert found.kind == "scaled"
    assert found.n_cells == 512 < len(many)


def test_only_empty_cells_among_those_looked_at(counts):
    matrix = sp.lil_matrix((5000, counts.shape[1]))
    matrix[600] = 7
    assert judge(matrix.tocsr()).kind == "counts"


def test_what_brings_values_to_log_expression(counts):
    wanted = {
        "counts": "log1p",
        "SoupX-like": "log1p",
        "TPM": "log1p",
        "present": "log1p",
        "log": None,
        "0 to 1": None,
    }
    found = {name: judge(KINDS[name][1](counts)).normalize for name in wanted}
    assert found == wanted


def test_scaled_values_hold_no_expression(counts):
    scaled = judge(KINDS["z-scores"][1](counts))
    with pytest.raises(DataError, match="An order needs counts or log values"):
        scaled.require_expression("An order")
    judge(counts).require_expression("An order")
    assert "scaled or centered values" in scaled.sentence
