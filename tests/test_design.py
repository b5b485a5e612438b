"""One reading of the experiment serves every function."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dtpscore._design import DesignKeys, labels, names, read_design
from dtpscore.errors import DataError, OptionError


def annotation(**columns):
    frame = {"arm": ["a", "a", "b", "b"], "sample": [1, 1, 2, 3], **columns}
    return pd.DataFrame(frame, index=list("wxyz"))


@pytest.mark.parametrize(
    ("values", "text", "order"),
    [
        (["d3", "d14", None, "d3"], ["d3", "d14", "", "d3"], ("d3", "d14")),
        ([0, 1, 10, 2], ["0", "1", "10", "2"], ("0", "1", "2", "10")),
        ([0.0, np.nan, 1.5, 0.0], ["0", "", "1.5", "0"], ("0", "1.5")),
        ([True, False, True, True], ["True", "False", "True", "True"], None),
        ([1, "b", 2.0, None], ["1", "b", "2", ""], ("1", "2", "b")),
        (pd.array([3, None, 1, 3], dtype="Int64"), ["3", "", "1", "3"], ("1", "3")),
        (pd.Categorical(list("cabc"), list("cxba")), list("cabc"), ("c", "b", "a")),
        ([b"u", b"v", b"u", b"u"], list("uvuu"), ("u", "v")),
    ],
)
def test_labels_by_one_rule(values, text, order):
    found = labels(annotation(arm=values), "arm", "groups")
    assert found.text.tolist() == text
    if order is not None:
        assert found.names == order
    known = found.codes >= 0
    assert np.array(found.names)[found.codes[known]].tolist() == [t for t in text if t]


def test_a_reference_is_compared_as_the_labels_are():
    assert names(0.0) == names(0) == names("0") == ("0",)
    assert names(None) == ()
    assert names(["x", 1.0]) == ("x", "1")


def test_groups_have_the_reference_first_and_categories_keep_their_order():
    arms = pd.Categorical(["late", "ref", "early", "late"], ["late", "early", "ref"])
    found = read_design(annotation(arm=arms), DesignKeys("arm", "ref"))
    assert found.groups == ("ref", "late", "early")
    assert found.treated == ("late", "early")
    off = read_design(annotation(arm=arms), DesignKeys("arm", "ref", holiday=("late",)))
    assert off.treated == ("early",)
    assert off.holiday.tolist() == [True, False, False, True]


def test_a_sample_that_two_groups_share_is_two_libraries():
    keys = DesignKeys("arm", "a", sample_key="sample")
    found = read_design(annotation(sample=["p", "p", "p", "q"]), keys)
    assert len(np.unique(found.library)) == 3


def test_a_cell_without_sample_is_not_named_and_pairs_with_its_sample():
    frame = annotation(sample=["s", None, "t", "t"], patient=["p", "p", None, "p"])
    keys = DesignKeys("arm", "a", sample_key="sample", pair_key="patient")
    found = read_design(frame, keys)
    assert found.named.tolist() == [True, False, True, True]
    assert found.pair.tolist() == ["p", "p", "sample t", "p"]


def test_malignant_cells_alone_are_reference():
    frame = annotation(kind=["T", "tumor", "tumor", "T"])
    keys = DesignKeys("arm", "a", cell_type_key="kind", malignant=("tumor",))
    found = read_design(frame, keys)
    assert found.malignant.tolist() == [False, True, True, False]
    assert found.reference.tolist() == [False, True, False, False]


def test_times_of_a_holiday_are_not_read():
    frame = annotation(arm=["a", "b", "off", "b"], day=["d0", "d3", "washed", "d14"])
    keys = DesignKeys("arm", "a", time_key="day", holiday=("off",))
    assert read_design(frame, keys).days.tolist()[:2] == [0, 3]


def test_some_cells_only():
    frame = annotation(day=[0, 0, 3, 14])
    whole = read_design(frame, DesignKeys("arm", "a", time_key="day"))
    part = whole.only(np.array([True, False, False, True]))
    assert part.n_cells == 2
    assert part.days.tolist() == [0, 14]
    assert part.groups == whole.groups


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (DesignKeys("drug"), DataError, "no column 'drug' for the groups"),
        (DesignKeys("arm", "c"), DataError, "reference group 'c' is not in"),
        (DesignKeys("arm", "a", holiday=("a",)), OptionError, "are both 'a'"),
        (DesignKeys("arm", holiday=("b",)), OptionError, "holiday needs a reference"),
        (DesignKeys("arm", "a", malignant=("x",)), OptionError, "cell_type_key"),
        (DesignKeys("arm", "a", cell_type_key="arm"), OptionError, "None is given"),
        (
            DesignKeys("arm", "a", cell_type_key="arm", malignant=("x",)),
            DataError,
            "No cells are 'x'",
        ),
        (DesignKeys("arm", "a", quality_key="sample"), DataError, "true or false"),
    ],
)
def test_what_does_not_fit_is_refused(keys, error, message):
    with pytest.raises(error, match=message):
        read_design(annotation(), keys)


def test_one_group_or_none_and_repeated_names_are_refused():
    with pytest.raises(DataError, match="nothing to compare"):
        read_design(annotation()[:2], DesignKeys("arm", "a"))
    with pytest.raises(DataError, match="every value is missing"):
        read_design(annotation(arm=[None] * 4), DesignKeys("arm"))
    repeated = annotation().set_axis(list("wwyz"))
    with pytest.raises(DataError, match="Cell names repeat"):
        read_design(repeated, DesignKeys("arm", "a"))
    twice = pd.concat([annotation(), annotation()[["arm"]]], axis=1)
    with pytest.raises(DataError, match="2 columns 'arm'"):
        read_design(twice, DesignKeys("arm", "a"))
