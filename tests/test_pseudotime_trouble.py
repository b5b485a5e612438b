"""Orders that the data do not support: said in words, or refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import spearmanr
from small_paths import KEYS, PLAIN, QUICK, easy, order, plain_order

import dtpscore as dtp
from dtpscore.errors import DataError, InputWarning, OptionError, ResultError

pytestmark = pytest.mark.slow


@pytest.fixture
def small():
    return easy()[::3].copy()


def test_disconnected_cells_are_counted_or_refused(small):
    graph = sp.lil_matrix((small.n_obs, small.n_obs))
    features = small.obs["true_progress"].to_numpy()[:, None]
    near = np.abs(features - features.T)
    alone = np.flatnonzero((small.obs["condition"] == "treated").to_numpy())[:5]
    for cell, row in enumerate(near):
        for other in np.argsort(row)[1:11]:
            if cell not in alone and other not in alone:
                graph[cell, other] = graph[other, cell] = 1.0
    for cell in alone:
        graph[cell, alone[alone != cell]] = 1.0
    small.obsp["apart_connectivities"] = graph.tocsr()
    small.uns["apart"] = {"connectivities_key": "apart_connectivities"}
    with pytest.warns(InputWarning, match="5 cells are not connected"):
        dtp.tl.pseudotime(small, **PLAIN, neighbors_key="apart")
    lost = small.obs["dtp_pseudotime"].isna().to_numpy()
    assert set(np.flatnonzero(lost)) == set(alone)
    assert small.uns["dtp_pseudotime"]["n_unreachable"] == 5
    treated = (small.obs["condition"] != "parental").to_numpy()
    cut = small.obsp["apart_connectivities"].tolil()
    cut[np.ix_(treated, ~treated)] = 0
    cut[np.ix_(~treated, treated)] = 0
    small.obsp["apart_connectivities"] = cut.tocsr()
    with pytest.raises(ResultError, match="not connected to the root"):
        dtp.tl.pseudotime(small, **PLAIN, neighbors_key="apart")


def test_one_reference_cell(small):
    parental = np.flatnonzero(small.obs["condition"] == "parental")
    kept = np.ones(small.n_obs, bool)
    kept[parental[1:]] = False
    one = small[kept].copy()
    with pytest.warns(InputWarning, match="The reference group has 1 cell"):
        dtp.tl.pseudotime(one, **PLAIN)
    assert one.uns["dtp_pseudotime"]["root"] == small.obs_names[parental[0]]


def test_one_series_is_not_validated(small):
    one = small[(small.obs["replicate"] == "r1").to_numpy()].copy()
    order(one)
    assert one.uns["dtp_pseudotime"]["method"] == "dpt"
    with pytest.warns(InputWarning, match="fit to labels and not"):
        dtp.tl.pseudotime(one, **KEYS, **QUICK, method="ordinal")
    assert one.uns["dtp_pseudotime"]["validated"] is False


def test_contradicted_direction_is_said_and_not_turned(small):
    small.obs["dtp_index"] = -small.obs["true_progress"].astype(float)
    turned = small.copy()
    with pytest.warns(InputWarning, match="runs against the index"):
        dtp.tl.pseudotime(turned, **KEYS, **QUICK)
    rho = spearmanr(turned.obs["dtp_pseudotime"], turned.obs["true_progress"])[0]
    assert rho > 0.5
    direction = turned.uns["dtp_pseudotime"]["direction"]
    assert direction.loc["index", "verdict"] == "contradicts"


def test_treated_cells_that_are_no_farther_are_said(small):
    """Groups at random: half of the untreated cells are called treated."""
    untreated = small[(small.obs["condition"] == "parental").to_numpy()].copy()
    arm = np.where(np.arange(untreated.n_obs) % 2, "a", "b")
    untreated.obs["arm"] = arm
    with pytest.warns(InputWarning, match="does not lead away from the ref"):
        dtp.tl.pseudotime(untreated, **{**PLAIN, "groupby": "arm", "reference": "a"})
    direction = untreated.uns["dtp_pseudotime"]["direction"]
    assert direction.loc["groups", "verdict"] != "agrees"


def test_time_that_turns_back_is_not_progress():
    """Days relabeled so that the persisters of day 14 come second, as on erlotinib."""
    mixed = easy().copy()
    days = mixed.obs["day"].astype(int)
    mixed.obs["day"] = days.map({0: 0, 14: 3, 7: 7, 3: 14, 24: 24}).astype(int)
    with pytest.warns(InputWarning, match="Time is not progress here"):
        dtp.tl.pseudotime(mixed, **KEYS, **QUICK)
    record = mixed.uns["dtp_pseudotime"]
    assert record["method"] == "dpt"
    assert record["time_courses"].loc["arrest", "verdict"] == "rises and falls"
    rho = spearmanr(mixed.obs["dtp_pseudotime"], mixed.obs["true_progress"])[0]
    assert rho > 0.8


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"groupby": "state"}, "no column 'state' for the groups.*'sample'"),
        ({"reference": "control"}, "reference group 'control' is not in.*'parental'"),
        ({"holiday": "relapse"}, "holiday group 'relapse' is not in"),
        ({"holiday": ("holiday", "treated")}, "needs cells of another group"),
        ({"time_key": "sample"}, "must hold times or doses"),
        ({"replicate_key": "donor"}, "no column 'donor' for the replicates"),
        ({"index_key": "score"}, "no column 'score' for the index"),
        ({"neighbors_key": "neighbors"}, "no neighbor graph 'neighbors'"),
        ({"use_rep": "X_scvi"}, "no representation 'X_scvi'"),
        ({"layer": "counts"}, "no layer 'counts'"),
        ({"method": "ordinal", "time_key": None}, "needs time_key"),
    ],
)
def test_clear_errors(small, change, text):
    with pytest.raises(DataError, match=text):
        dtp.tl.pseudotime(small, **{**KEYS, **QUICK, **change})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"method": "slingshot"}, "method must be one of 'dpt', 'ordinal'"),
        ({"fates": "velocity"}, "fates must be one of"),
        ({"species": "rat"}, "species must be one of 'human', 'mouse', not 'rat'"),
        ({"n_roots": 0}, "n_roots must be at least 1, not 0"),
        ({"n_pcs": 0}, "n_pcs must be at least 1, not 0"),
        ({"n_pcs": "many"}, "n_pcs must be a whole number, not 'many'"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"holiday": "parental"}, "reference and holiday are both 'parental'"),
        ({"use_rep": "axes", "neighbors_key": "n"}, "not both"),
        ({"layer": "counts", "use_raw": True}, "not both"),
        ({"malignant": "tumor"}, "malignant needs cell_type_key"),
    ],
)
def test_bad_options(small, change, text):
    with pytest.raises(OptionError, match=text):
        dtp.tl.pseudotime(small, **{**KEYS, **QUICK, **change})


def test_scaled_and_repeated_input_is_refused(small):
    scaled = small.copy()
    scaled.X = small.X.toarray() - 1.0
    with pytest.raises(DataError, match="look scaled"):
        dtp.tl.pseudotime(scaled, **KEYS)
    small.obs_names = ["cell"] * small.n_obs
    with pytest.raises(DataError, match="Cell names repeat"):
        dtp.tl.pseudotime(small, **KEYS)


def test_palantir_is_optional(small):
    try:
        import palantir  # noqa: F401
    except ImportError:
        with pytest.raises(ResultError, match=r'pip install "dtpscore\[palantir\]"'):
            plain_order(small, method="palantir")
        return
    plain_order(small, method="palantir")
    rho = spearmanr(small.obs["dtp_pseudotime"], small.obs["true_progress"])[0]
    assert rho > 0.7
