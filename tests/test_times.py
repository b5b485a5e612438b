"""Times and doses are read as people write them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dtpscore._times import read_times
from dtpscore.errors import DataError


def times(values):
    return read_times(pd.Series(values), "day")


@pytest.mark.parametrize(
    ("written", "values", "unit"),
    [
        ([0, 14, None], [0, 14, np.nan], ""),
        (["0", "1e-3"], [0, 0.001], ""),
        (["d0", "D14"], [0, 14], "days"),
        (["72h", "0"], [3, 0], "days"),
        (["Day 7", "day_0"], [7, 0], "days"),
        (["week 2", "d3"], [14, 3], "days"),
        (["30 min", "1,5 h"], [30 / 1440, 1.5 / 24], "days"),
        (["1 µM", "100nM", "0"], [1, 0.1, 0], "µM"),
        (["1 μM", "2uM"], [1, 2], "µM"),
        (["1mM", "5 pM"], [1000, 5e-6], "µM"),
        (["0.1 ug/mL", "1 mg/ml"], [0.1, 1000], "µg/ml"),
        (["T0", "t 24"], [0, 24], ""),
        (["time 72 h", "0"], [3, 0], "days"),
        (pd.Categorical([0.0, 14.0, None]), [0, 14, np.nan], ""),
        (pd.array([0, None], dtype="Int64"), [0, np.nan], ""),
    ],
)
def test_value_and_unit(written, values, unit):
    found = times(written)
    np.testing.assert_allclose(found.numbers, values)
    assert found.unit == unit


def test_names_are_in_order_of_time_and_kept_as_written():
    found = times(["d14", "d3", None, "72h"])
    assert found.names == ("d3", "d14")
    assert found.codes.tolist() == [1, 0, -1, 0]
    assert found.sentence == (
        "Times were read as d14 = 14 days, d3 = 3 days, 72h = 3 days."
    )


def test_numbers_need_no_sentence():
    assert not times([0.0, 7.0]).sentence
    assert not times(["0", "7"]).sentence


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["untreated", "d3"], "found 'untreated'"),
        (["d3", "5"], "mixes units"),
        (["d3", "1 µM"], "mixes units"),
        (["7 m", "3 m"], "found '7 m'"),
        (["1MM", "2 mM"], "found '1MM'"),
        (["day 7 h"], "found 'day 7 h'"),
        (["d-1", "d1"], "the dash may be a minus"),
        (["inf"], "found 'inf'"),
    ],
)
def test_what_has_no_one_meaning_is_refused(written, message):
    with pytest.raises(DataError, match=message):
        times(written)


def test_ordered_categories_are_ranks_unless_their_numbers_ascend():
    low = times(pd.Categorical(["low", "high"], ["low", "high"], ordered=True))
    assert low.ranked
    assert low.numbers.tolist() == [0, 1]
    assert np.isnan(low.days).all()
    days = times(pd.Categorical(["d14", "d3"], ["d3", "d14"], ordered=True))
    assert not days.ranked
    assert days.days.tolist() == [14, 3]
    turned = times(pd.Categorical(["d14", "d3"], ["d14", "d3"], ordered=True))
    assert turned.ranked
    assert turned.codes.tolist() == [0, 1]


def test_doses_are_no_days():
    assert np.isnan(times(["1 µM", "0"]).days).all()
    assert times(["72h", "0"]).days.tolist() == [3, 0]


def test_times_of_other_cells_are_not_read():
    column = pd.Series(["d0", "washout", "d3"])
    found = read_times(column, "day", use=np.array([True, False, True]))
    assert found.codes.tolist() == [0, -1, 1]
