"""Whether the calls lie on an edge, and what leaving out cells does to them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_calls import easy, record_of, run

import dtpscore as dtp
from dtpscore._calling.edge import Edge, LeftOut, edge_of, leave_out, parts_of


def test_cells_are_counted_at_a_fifth_and_at_twice_the_rate():
    found = edge_of(np.array([0.009, 0.01, 0.011, 0.05, 0.07, 0.1, 0.11]), 0.05)
    assert found == Edge(7, 2, 4, 6)
    row = found.row()
    assert row["called_share"] == pytest.approx(4 / 7)
    assert row["called_share_fifth_alpha"] == pytest.approx(2 / 7)
    assert row["called_share_double_alpha"] == pytest.approx(6 / 7)


@pytest.mark.parametrize(
    ("qvalues", "edge"),
    [
        ([0.011, 0.9], True),
        ([0.1, 0.9], True),
        ([0.01, 0.9], False),
        ([0.101, 0.9], False),
    ],
)
def test_an_edge_is_none_at_a_fifth_and_some_at_twice_the_rate(qvalues, edge):
    found = edge_of(np.array(qvalues), 0.05)
    assert found.on_edge is edge
    assert (found.sentence(0.05) is not None) is edge


def test_the_words_on_the_edge_have_the_numbers():
    assert Edge(360, 0, 63, 170).sentence(0.05) == (
        "the calls lie on an edge: at an error rate of 1% none of the 360 cells would "
        "be called, at 5% 63 are called, and at 10% 170 would be (47%). A few cells "
        "fewer can turn the result."
    )
    none = Edge(360, 0, 0, 170).sentence(0.05)
    assert "at 5% none is called" in none
    assert none.endswith("More cells can turn the result.")


def test_every_cell_is_in_one_of_four_parts_of_its_sample():
    rng = np.random.default_rng(0)
    sample = np.repeat([0, 1], [40, 10])
    keys = rng.permutation(1000)[:50].astype(np.uint64)
    part = parts_of(sample, keys)
    assert np.bincount(part[:40]).tolist() == [10] * 4
    assert sorted(np.bincount(part[40:])) == [2, 2, 3, 3]
    turned = rng.permutation(50)
    np.testing.assert_array_equal(parts_of(sample[turned], keys[turned]), part[turned])


def test_each_part_is_left_out_once():
    part = np.array([0, 1, 2, 3, 3])
    found = leave_out(part, 0.5, lambda kept: float((~kept).sum()) / 10)
    assert found.shares == (0.1, 0.1, 0.1, 0.2)
    assert found.row() == {"left_out_lowest": 0.1, "left_out_highest": 0.2}
    assert "10% to 20% of the cells are called (50% with all" in found.sentence()


def test_a_swing_between_none_and_some_is_said():
    said = "whether any cell is called depends on which cells are there"
    assert said in LeftOut(0.2, (0.0, 0.0, 0.0, 0.0)).sentence()
    assert said in LeftOut(0.0, (0.0, 0.5, 0.0, 0.0)).sentence()
    assert said not in LeftOut(0.2, (0.1, 0.3, 0.2, 0.2)).sentence()
    assert said not in LeftOut(0.0, (0.0, 0.0, 0.0, 0.0)).sentence()


def test_leaving_out_changes_no_call_and_is_in_the_record_and_the_report(tmp_path):
    plain = run(easy(), copy=True)
    found = run(easy(), check_stability=True, copy=True)
    for name in ("dtp_call", "dtp_pvalue", "dtp_qvalue"):
        pd.testing.assert_series_equal(plain.obs[name], found.obs[name])
    row = record_of(found).calibration.iloc[0]
    # A clear difference is far from the edge.
    assert not row["on_edge"]
    assert row["left_out_lowest"] > 0.9
    assert "left_out_lowest" not in record_of(plain).calibration
    texts = record_of(found).messages
    assert any("called again without a quarter of the cells" in text for text in texts)
    assert any("without another quarter" in text for text in record_of(found).methods)
    page = tmp_path / "report.html"
    dtp.report(found, page)
    text = page.read_text(encoding="utf-8")
    assert "At a fifth of the error rate" in text
    assert "Without a quarter of the cells, from" in text


def test_a_part_that_is_left_out_is_as_if_its_cells_were_not_there():
    """The shares of the record are those of `call_group` on the other cells."""
    data = easy()[::3].copy()
    whole = run(data, check_stability=True, copy=True)
    turned = run(data[::-1].copy(), check_stability=True, copy=True)
    names = ["called_share", "left_out_lowest", "left_out_highest"]
    one, other = (record_of(found).calibration[names] for found in (whole, turned))
    pd.testing.assert_frame_equal(one, other)
