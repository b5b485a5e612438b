"""The report says in which called cells the drug acts."""

from __future__ import annotations

import numpy as np
import pytest
from small_calls import easy

import dtpscore as dtp
from dtpscore._report.context import context
from dtpscore._report.engagement import (
    LOW_QUANTILE,
    engagement_fold,
    engagement_table,
    low_shares,
)
from dtpscore.get import _calls as calls

KW = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}


def test_low_is_below_the_lowest_twentieth_of_reference_cells():
    assert LOW_QUANTILE == 0.05
    output = np.r_[np.arange(100.0), -1.0, 4.0, 5.0, 60.0]
    reference = np.arange(104) < 100
    called = np.isin(np.arange(104), [100, 101])
    other = np.isin(np.arange(104), [102, 103])
    # The 5% quantile of 0 to 99 is 4.95.
    assert low_shares(output, reference, called, other) == {"called": 1.0, "other": 0.0}
    none = np.zeros(104, bool)
    assert np.isnan(low_shares(output, reference, none, other)["called"])
    chance = low_shares(output, reference, reference, none)["called"]
    assert chance == pytest.approx(0.05)


@pytest.fixture(scope="module")
def called():
    adata = easy().copy()
    dtp.tl.score(adata, ["mapk_mpas_wagle2018"], min_coverage=0.0)
    dtp.tl.call(adata, components=False, **KW)
    return adata


def looked(adata):
    return context(adata, **KW)


@pytest.mark.filterwarnings("ignore::dtpscore.errors.CoverageWarning")
def test_called_cells_on_target_are_counted(called):
    adata = called.copy()
    is_called = calls.states(adata).isin(calls.DTP_STATES).to_numpy()
    treated = (adata.obs["condition"] == "treated").to_numpy()
    assert (is_called & treated).sum() > 3
    # Planted: half of the called cells have lost the output, no other cell has.
    rows = np.flatnonzero(is_called & treated)
    # The first ten of the treated cells are taken for cells without a DTP state.
    state = adata.obs["dtp_call"].astype(object)
    state.iloc[rows[:10]] = "parental-like"
    adata.obs["dtp_call"], rows = state, rows[10:]
    half = rows[: len(rows) // 2]
    output = np.linspace(0, 1, adata.n_obs)
    output[treated] = 2.0
    output[half] = -5.0
    adata.obs["dtp_mapk_output"] = output.astype(np.float32)
    table = engagement_table(looked(adata)).set_index("group")
    assert table.loc["treated", "n_called"] == len(rows)
    assert table.loc["treated", "called"] == pytest.approx(len(half) / len(rows))
    assert table.loc["treated", "other"] == 0.0
    fold = engagement_fold(looked(adata))
    text = " ".join(fold.paragraphs)
    assert "called and on target" in text
    assert "called, target still on, or too few counts to see" in text


def test_nothing_is_said_without_calls_or_without_the_output_of_a_target(called):
    bare = called.copy()
    del bare.uns["dtp_call"]
    assert engagement_table(looked(bare)) is None
    other = easy().copy()
    dtp.tl.score(other, ["hallmark_e2f_targets"], min_coverage=0.0)
    dtp.tl.call(other, components=False, **KW)
    assert engagement_fold(looked(other)) is None
