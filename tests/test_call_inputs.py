"""How columns of ``obs`` and score frames are read for a call, and what is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore import _keys
from dtpscore._calling import depth
from dtpscore._calling.features import Features
from dtpscore._calling.outcome import Limits
from dtpscore._calling.own_scores import ScoreFrame, replaced
from dtpscore._calling.quality import Quality, taking_part
from dtpscore._calling.samples import condition_table
from dtpscore._design import read_design
from dtpscore._options.call import CallOptions
from dtpscore.errors import DataError


def annotation(**columns):
    frame = pd.DataFrame(
        {"arm": ["a", "a", "b", "b"], "sample": [1, 1, 2, 3], **columns},
        index=list("wxyz"),
    )
    return frame


def fine(n):
    """Cells of good quality."""
    return Quality(np.full(n, 1e4), np.full(n, 3000), np.full(n, np.nan), False)


def test_cells_without_a_sample_take_no_part_and_are_counted():
    frame = annotation(sample=["1", None, "2", "3"])
    options = CallOptions(groupby="arm", sample_key="sample")
    found = taking_part(read_design(frame, options.keys), fine(4), options)
    assert found.used.tolist() == [True, False, True, True]
    assert found.messages == [
        "1 cell has no group, batch or sample in obs and takes no part."
    ]
    assert not found.low.any()


@pytest.mark.slow
def test_numbers_name_groups_too():
    data = dtp.datasets.simulate(n_cells=120, days=(14,), holiday_day=None, seed=2)
    data.obs["day"] = data.obs["day"].astype(int)
    dtp.tl.call(data, groupby="day", reference=0, min_reference=20, seed=1)
    assert data.uns[_keys.CALL]["params"]["reference"] == "0"
    assert data.obs.loc[data.obs["day"] == 14, _keys.PVALUE].notna().all()
    with pytest.raises(DataError, match="holiday group '3' is not in"):
        dtp.tl.call(data, groupby="day", reference=0, holiday=[3])


def small_reference(sizes):
    sample = np.repeat(np.arange(len(sizes)), sizes).astype(str)
    return pd.DataFrame(
        {"arm": ["a"] * len(sample) + ["b"] * 30, "sample": [*sample, *["q"] * 30]},
        index=[f"c{n}" for n in range(len(sample) + 30)],
    )


def test_reference_samples_of_a_few_cells_do_not_count():
    frame = small_reference([60, 9, 10])
    options = CallOptions(groupby="arm", reference="a", sample_key="sample")
    good = fine(len(frame))
    found = taking_part(read_design(frame, options.keys), good, options)
    assert (~found.used).nonzero()[0].tolist() == list(range(60, 69))
    assert found.messages == [
        "Reference samples with fewer than 10 usable cells are left out: '1' (9)."
    ]
    barcodes = read_design(frame.assign(sample=frame.index), options.keys)
    with pytest.raises(DataError, match=r"there are 0\. Samples with fewer than 10"):
        taking_part(barcodes, good, options)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "share"), [(0, 0.95), (5, 0.98)])
def test_a_reference_sample_of_one_cell_changes_few_calls(seed, share):
    """With seed 0 a third of the treated cells is called, with seed 5 none is."""
    data = dtp.datasets.simulate(n_cells=300, days=(14,), holiday_day=None, seed=seed)
    library = data.obs["sample"].astype(str).to_numpy()
    last = np.flatnonzero(library == "parental_r3")
    keep = np.setdiff1d(np.arange(data.n_obs), last[1:])
    few, none = data[keep].copy(), data[np.setdiff1d(keep, last)].copy()
    design = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
    for one in (few, none):
        dtp.tl.call(one, components=False, **design)
    alone = data.obs_names[last[0]]
    assert few.obs.loc[alone, _keys.CALL] == "not decided"
    rest = few.obs.drop(index=alone)
    # The cell is among those whose genes are binned for the control, no more.
    assert np.corrcoef(rest[_keys.SHIFT], none.obs[_keys.SHIFT])[0, 1] > 0.98
    same = rest[_keys.CALL].astype(str) == none.obs[_keys.CALL].astype(str)
    assert same.mean() > share


def test_one_shallow_cell_does_not_thin_all_others():
    counts = np.r_[np.full(50, 3000.0), np.full(50, 2000.0), 100.0]
    library = np.repeat([0, 1, 2], [50, 50, 1])
    kept = depth.kept_share(counts, library)
    np.testing.assert_allclose(kept * counts, np.r_[np.full(100, 2000.0), 100.0])


def features(n):
    return Features(
        values=np.zeros((n, 1)),
        names=["x"],
        axis=["x"],
        axes=np.zeros((n, 1)),
        axis_names=["x"],
        index=np.zeros(n),
        index_name="i",
        proliferation=np.zeros(n),
        random=np.zeros((n, 1)),
        coverage=pd.DataFrame(),
        source="the z-scores",
    )


def test_score_columns_without_a_value_are_left_out_and_counted():
    frame = pd.DataFrame(np.arange(48.0).reshape(4, 12)).add_prefix("s")
    frame.loc[1, "s3"], frame.loc[2, "s5"], frame.loc[3, "s7"] = np.nan, np.inf, np.nan
    used = np.array([True, True, True, False])
    found = replaced(features(4), ScoreFrame("mine", frame, {"s0": "emt"}), used)
    assert found.names == [f"s{n}" for n in range(12) if n not in (3, 5)]
    assert found.axis[:2] == ["emt", "s1"]
    scores = vars(found)["values"]
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores[0], frame.loc[0, found.names])
    assert found.source == "the 10 scores in obsm['mine'], taken as they were"
    assert found.messages == [
        "2 of 12 columns of obsm['mine'] have no value in some cells and are left out."
    ]
    with pytest.raises(
        DataError, match=r"'mine'\] has 9 columns with a value in every"
    ):
        replaced(features(4), ScoreFrame("mine", frame.iloc[:, :11]), used)
    with pytest.raises(DataError, match="no numbers, such as 'kind'"):
        replaced(features(4), ScoreFrame("mine", frame.assign(kind="x")), used)


def test_a_limit_is_said_once_for_all_groups_that_it_is_true_of():
    limits = Limits()
    limits.add("all", "day 3", "no call.")
    assert limits.sentences() == ["Group 'day 3': no call."]
    limits.add("all", "day 7", "no call.")
    assert limits.sentences() == ["Groups 'day 3', 'day 7': no call."]
    limits = Limits()
    for batch in ("A", "B"):
        for group in ("on", "off"):
            limits.add(batch, group, "no call.")
    limits.add("C", "on", "few cells.")
    assert limits.sentences() == [
        "Batches 'A', 'B', groups 'on', 'off': no call.",
        "Batch 'C', group 'on': few cells.",
    ]
    limits.add("A", "off", "few cells.")
    assert limits.sentences()[1] == (
        "Batch 'C', group 'on'; batch 'A', group 'off': few cells."
    )
    for number in range(6):
        limits.add(f"D{number}", "on", "no call.")
    assert limits.sentences()[0] == "10 groups in 8 batches: no call."


def test_conditions_weigh_samples_alike():
    samples = pd.DataFrame(
        {
            "group": ["a", "a", "b"],
            "n_cells": [10, 90, 50],
            "n_dtp_like": [5, 9, 0],
            "mean_index": [1.0, 3.0, 0.0],
        }
    )
    table = condition_table(samples, ("b", "a")).set_index("group")
    assert list(table.index) == ["b", "a"]
    assert table.loc["a", ["n_samples", "n_cells"]].tolist() == [2, 100]
    np.testing.assert_allclose(
        table.loc["a", ["dtp_like", "dtp_like_lowest", "dtp_like_highest"]].to_list(),
        [0.3, 0.1, 0.5],
    )
    assert table.loc["a", ["index", "index_lowest"]].tolist() == [2.0, 1.0]
    assert table.loc["b", "dtp_like"] == 0
