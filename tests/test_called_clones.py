"""In what clones called cells are, and whether these were there before treatment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_calls import DESIGN, easy, record_of, run, with_columns

import dtpscore as dtp
from dtpscore._calling.clone_column import read_clones
from dtpscore._calling.clones import Population, called_clones
from dtpscore._design import DesignKeys, read_design
from dtpscore._statistics.intervals import share_interval
from dtpscore.errors import DataError


def cells(*parts):
    """Clones and population from parts of (arm, sample, clone, called, number)."""
    rows = [part[:4] for part in parts for _ in range(part[4])]
    arm, sample, clone, called = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    codes = np.unique(sample, return_inverse=True)[1]
    population = Population(called, arm == "drug", arm == "none", codes)
    return clone, population


def read(values):
    obs = pd.DataFrame({"arm": ["none", *["drug"] * (len(values) - 1)]})
    obs["clone"] = pd.Series(values, dtype=object)
    obs.index = obs.index.astype(str)
    return read_clones(obs, read_design(obs, DesignKeys("arm", "none")), "clone")


def test_a_clone_is_what_cells_share_a_name_for():
    found = read(["B", "A", "B", None, "unassigned", "nan"])
    assert found.names == ("A", "B")
    assert found.code.tolist() == [1, 0, 1, -1, -1, -1]


def test_zero_is_a_cluster_beside_numbers_and_no_barcode_beside_barcodes():
    assert read([0, 1, 1]).names == ("0", "1")
    assert read(["0", "ACGT", "ACGT"]).names == ("ACGT",)


def test_columns_without_clones_are_refused():
    with pytest.raises(DataError, match=r"obs\['clone'\] names no clone"):
        read(["none", None])
    with pytest.raises(DataError, match="another clone for each cell"):
        read(["AC", "CG", "GT"])
    with pytest.raises(DataError, match="no column 'clones'"):
        run(easy(), clone_key="clones", copy=True)


def test_clones_that_were_there_before_cannot_exclude_selection():
    clone, population = cells(
        ("none", "u", 0, False, 10),
        ("none", "u", 1, False, 90),
        ("drug", "t", 0, True, 30),
        ("drug", "t", 0, False, 10),
        ("drug", "t", 1, True, 10),
        ("drug", "t", 1, False, 50),
    )
    found = called_clones(clone, population, ("rare", "common"))
    row = found.table.iloc[0]
    assert (row["clone"], row["n_called"], row["called_share"]) == ("rare", 30, 0.75)
    assert (row["n_treated"], row["n_before"], row["n_untreated"]) == (40, 10, 100)
    # One untreated sample: Clopper and Pearson.
    assert row["before_low"] == pytest.approx(stats.beta.ppf(0.025, 10, 91))
    assert row["before_high"] == pytest.approx(stats.beta.ppf(0.975, 11, 90))
    assert row["qvalue"] < 0.05
    assert row["log2_change"] == pytest.approx(2, abs=0.1)
    said = " ".join(found.sentences(0.05))
    assert "of 2 clones, of which 2 are among the untreated cells too" in said
    assert "present before treatment: selection cannot be excluded" in said
    assert "one clone makes most of the called cells: 'rare' has 75%" in said
    assert "40% of all treated cells and 10% of the untreated cells" in said
    assert "clone 'rare' grew, clone 'common' shrank" in said
    assert found.row()["n_clones_before"] == 2
    assert found.row()["largest_clone_share"] == 0.75


def test_samples_are_the_unit_where_several_hold_the_clone():
    clone, population = cells(
        *(("none", f"u{k}", 0, False, k) for k in (2, 6, 20)),
        *(("none", f"u{k}", 1, False, 50) for k in (2, 6, 20)),
        *(("drug", f"t{k}", 0, True, k) for k in (5, 9)),
        *(("drug", f"t{k}", 2, True, 5) for k in (5, 9)),
    )
    found = called_clones(clone, population, ("A", "B", "C"))
    row = found.table.set_index("clone").loc["A"]
    # The order of the samples is that of their names.
    expected = share_interval([2, 20, 6], [52, 70, 56])
    assert row["before_low"] == pytest.approx(expected.low)
    assert row["before_high"] == pytest.approx(expected.high)
    shares = share_interval([5, 9], [10, 14])
    assert found.low == pytest.approx(shares.low)
    assert found.high == pytest.approx(shares.high)


def test_a_clone_that_was_not_seen_gets_an_upper_bound():
    clone, population = cells(
        ("none", "u", 0, False, 300),
        ("drug", "t", 1, True, 20),
        ("drug", "t", 0, False, 5),
    )
    found = called_clones(clone, population, ("old", "new"))
    assert found.table["before_high"].iloc[0] == pytest.approx(1 - 0.025 ** (1 / 300))
    (first, *_) = found.sentences(0.05)
    assert first == (
        "clone 'new' was not seen among 300 untreated cells with a clone (under 1.2%)."
    )
    assert found.share == 0


def test_drift_between_replicates_is_no_change():
    """A clone that differs as much between untreated samples has not changed surely."""
    parts = [("none", "u1", 0, False, 10), ("none", "u2", 0, False, 90)]
    parts += [("none", "u1", 1, False, 90), ("none", "u2", 1, False, 10)]
    parts += [("drug", "t", 0, True, 85), ("drug", "t", 1, True, 15)]
    found = called_clones(*cells(*parts), ("A", "B"))
    assert found.table["qvalue"].min() > 0.05
    assert "no clone of the called cells changed" in found.sentences(0.05)[-1]
    one = [part if part[1] != "u2" else (*part[:1], "u1", *part[2:]) for part in parts]
    assert called_clones(*cells(*one), ("A", "B")).table["qvalue"].max() < 0.05


def test_half_of_the_called_cells_is_not_most():
    parts = [("none", "u", k, False, 50) for k in (0, 1)]
    even = [("drug", "t", k, True, 10) for k in (0, 1)]
    more = [("drug", "t", 0, True, 11), ("drug", "t", 1, True, 10)]
    for drug, said in ((even, False), (more, True)):
        found = called_clones(*cells(*parts, *drug), ("A", "B"))
        texts = " ".join(found.sentences(0.05))
        assert ("one clone makes most" in texts) is said


def test_cells_without_a_clone_are_counted_and_said():
    parts = [("none", "u", 0, False, 30), ("drug", "t", 0, True, 6)]
    found = called_clones(*cells(*parts, ("drug", "t", -1, True, 4)), ("A",))
    assert found.sentences(0.05)[0].startswith("4 of 10 called cells have no clone")
    assert found.row()["n_called_with_clone"] == 6
    alone = called_clones(
        *cells(("none", "u", 0, False, 9), ("drug", "t", -1, True, 4)), ("A",)
    )
    assert alone.sentences(0.05) == ["none of the 4 called cells has a clone."]
    late = called_clones(
        *cells(("none", "u", -1, False, 9), ("drug", "t", 0, True, 4)), ("A",)
    )
    assert "no untreated cell has a clone" in late.sentences(0.05)[-1]
    assert np.isnan(late.table["share_before"]).all()


def test_clones_change_no_call_and_are_in_the_record_and_the_report(tmp_path):
    drawn = np.random.default_rng(0).integers(0, 3, easy().n_obs).astype(str)
    data = with_columns(easy(), clone=drawn)
    plain, found = run(data, copy=True), run(data, clone_key="clone", copy=True)
    for name in ("dtp_call", "dtp_pvalue", "dtp_qvalue"):
        pd.testing.assert_series_equal(plain.obs[name], found.obs[name])
    assert "clones" not in plain.uns["dtp_call"]
    record = record_of(found)
    assert record.clones["clone"].tolist()[0] in {"0", "1", "2"}
    assert record.clones["n_called"].sum() == record.calibration["n_called"].sum()
    assert record.calibration["n_called_clones"].tolist() == [3]
    assert any("selection cannot be excluded" in text for text in record.messages)
    assert any("Clones made no call" in text for text in record.methods)
    page = tmp_path / "report.html"
    dtp.report(found, page)
    assert "Clones of the called cells" in page.read_text(encoding="utf-8")


def test_the_order_of_cells_changes_nothing():
    drawn = np.random.default_rng(0).integers(0, 3, easy().n_obs).astype(str)
    data = with_columns(easy(), clone=drawn)
    turned = data[::-1].copy()
    tables = [
        record_of(run(one, clone_key="clone", copy=True)).clones
        for one in (data, turned)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_a_command_refuses_a_column_without_clones_before_it_begins():
    from dtpscore._files.ready import check_options
    from dtpscore._options.call import CallOptions

    data = with_columns(easy(), clone=easy().obs_names)
    with pytest.raises(DataError, match="another clone for each cell"):
        check_options(data, CallOptions(**DESIGN, clone_key="clone"))


def test_a_run_takes_the_column_of_clones():
    from dtpscore._options.run import RunOptions

    options = RunOptions(reference="parental", clone_key="clone")
    assert options.of_step("call").clone_key == "clone"
