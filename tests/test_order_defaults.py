"""What an order takes over from an earlier call; arguments under their old names."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from small_paths import QUICK, easy

import dtpscore as dtp
from dtpscore._log import logger
from dtpscore._options.order import OrderOptions
from dtpscore._results.order import known_from_call
from dtpscore.errors import DataError, InputWarning

OBS = pd.DataFrame(
    {
        "arm": ["ref", "drug", "off"],
        "lib": ["a", "b", "c"],
        "day": [0, 7, 9],
        "kind": ["tumor", "tumor", "T"],
    },
    index=list("xyz"),
)
CALLED = {
    "groupby": "arm",
    "reference": "ref",
    "sample_key": "lib",
    "time_key": "day",
    "holiday": np.array(["off"]),
    "cell_type_key": "kind",
    "malignant": np.array(["tumor"]),
}


def known(params, obs=OBS, **given):
    options = OrderOptions(**{"groupby": "arm", "reference": "ref", **given})
    return known_from_call(options, obs, {"dtp_call": {"params": params}})


def test_all_that_the_call_knows_is_taken_over():
    options, said = known(CALLED)
    assert options.sample_key == "lib"
    assert options.time_key == "day"
    assert options.holiday == ("off",)
    assert options.cell_type_key == "kind"
    assert options.malignant == ("tumor",)
    assert "takes over sample_key='lib', time_key='day', holiday='off'" in said


def test_what_the_user_gives_stays():
    obs = OBS.assign(mine=OBS["lib"])
    options, said = known(CALLED, obs, sample_key="mine", holiday="drug")
    assert options.sample_key == "mine"
    assert options.holiday == ("drug",)
    assert "sample_key" not in said


@pytest.mark.parametrize(
    "other", [{"groupby": "lib"}, {"reference": "drug"}, {"reference": None}]
)
def test_a_call_of_another_comparison_is_not_used(other):
    options, said = known({**CALLED, **other})
    assert options.sample_key is None
    assert not said


def test_what_is_gone_is_not_taken_over():
    options, _ = known(CALLED, OBS[:2].drop(columns=["lib", "kind"]))
    assert options.sample_key is None
    assert options.holiday == ()
    assert options.malignant == ()
    assert options.time_key == "day"


def test_nothing_without_a_call():
    options = OrderOptions(groupby="arm", reference="ref")
    assert known_from_call(options, OBS, {}) == (options, "")


@pytest.fixture
def called():
    adata = easy()[::3].copy()
    adata.uns["dtp_call"] = {
        "params": {
            "groupby": "condition",
            "reference": "parental",
            "sample_key": "sample",
            "holiday": np.array(["holiday"]),
        }
    }
    return adata


@pytest.mark.slow
def test_lines_of_the_readme_warn_of_nothing_and_name_the_missing_key(called, caplog):
    logger.addHandler(caplog.handler)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputWarning)
        dtp.tl.pseudotime(
            called,
            groupby="condition",
            reference="parental",
            time_key="day",
            sample_key="sample",
            **QUICK,
        )
    logger.removeHandler(caplog.handler)
    assert "takes over holiday='holiday'" in caplog.text
    assert "because replicate_key (" in caplog.text
    params = called.uns["dtp_pseudotime"]["params"]
    assert list(params["holiday"]) == ["holiday"]


@pytest.mark.slow
def test_nothing_is_printed(called, capsys):
    dtp.settings.verbosity = "error"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.pseudotime(called, groupby="condition", reference="parental", **QUICK)
        dtp.tl.trends(called, n_permutations=19, n_bootstrap=19)
    dtp.settings.verbosity = "info"
    assert capsys.readouterr() == ("", "")


def test_old_names_work_with_a_warning():
    adata = easy()[::3].copy()
    with (
        pytest.warns(FutureWarning, match="root is now called reference"),
        pytest.raises(DataError, match="reference group 'x' is not in"),
    ):
        dtp.tl.pseudotime(adata, groupby="condition", root="x")
    with (
        pytest.warns(FutureWarning, match="random_state is now called seed"),
        pytest.raises(DataError, match="No order under"),
    ):
        dtp.tl.trends(adata, random_state=1)


@pytest.mark.parametrize(
    ("change", "given", "text"),
    [
        (
            lambda a: a.obsp.clear(),
            {"neighbors_key": "neighbors"},
            "Graphs in obsp are",
        ),
        (
            lambda a: a.uns.__setitem__("neighbors", "x"),
            {"neighbors_key": "neighbors"},
            "must be the record of a neighbor graph",
        ),
        (
            lambda a: a.uns.__setitem__("umap", {"params": {}}),
            {"neighbors_key": "umap"},
            "names no neighbor graph",
        ),
        (
            lambda a: a.obsm.__setitem__(
                "words", pd.DataFrame({"a": "x"}, index=a.obs_names)
            ),
            {"use_rep": "words"},
            "must be a table of numbers",
        ),
        (
            lambda a: a.obsm.__setitem__("gaps", np.full((a.n_obs, 2), np.nan)),
            {"use_rep": "gaps"},
            "has missing or infinite values",
        ),
        (lambda a: None, {"index_key": "true_state"}, "must hold numbers to serve"),
    ],
)
def test_what_the_user_brings_is_checked(change, given, text):
    adata = easy()[::10].copy()
    graph = np.ones((adata.n_obs, adata.n_obs))
    adata.obsp["connectivities"] = graph
    adata.uns["neighbors"] = {"params": {}}
    change(adata)
    with pytest.raises(DataError, match=text):
        dtp.tl.pseudotime(adata, groupby="condition", reference="parental", **given)
