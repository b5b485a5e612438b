"""Whether foreign RNA comes with time, which looks like progress."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import dtpscore as dtp
from dtpscore._ordering.ambient import in_words
from dtpscore._ordering.record import OrderRecord
from dtpscore.errors import DataError

KEYS = {
    "groupby": "condition",
    "reference": "parental",
    "time_key": "day",
    "sample_key": "sample",
    "replicate_key": "replicate",
    "n_subsamples": 2,
    "n_roots": 2,
}


@cache
def cells():
    return dtp.datasets.simulate(
        n_cells=540, n_genes=1500, days=(3, 9), holiday_day=None, seed=3
    )


def with_soup(doses):
    """Add to the cells of each day a share of RNA of other cells."""
    data = cells().copy()
    counts = data.X.toarray().astype(np.float64)
    mean = counts.mean(axis=0)
    soup = np.random.default_rng(5).permutation(mean / mean.sum())
    dose = data.obs["day"].astype(float).map(doses).to_numpy()[:, None]
    depth = counts.sum(axis=1, keepdims=True)
    counts += np.random.default_rng(6).poisson(dose * depth * soup)
    data.X = sp.csr_matrix(counts.astype(np.float32))
    data.var["soup"] = soup
    return data


def record(data, **more):
    dtp.tl.pseudotime(data, **{**KEYS, **more})
    return OrderRecord.from_uns(data.uns["dtp_pseudotime"])


def said(found):
    return [text for text in found.messages if "comes with time" in text]


def test_soup_that_comes_with_time_is_said():
    found = record(with_soup({0.0: 0.0, 3.0: 0.1, 9.0: 0.3}), ambient_key="soup")
    course = found.ambient.set_index("time")
    assert course["explained"].iloc[1] > course["explained"].iloc[0] > 0.02
    assert course["n_samples"].tolist() == [3, 3]
    (text,) = said(found)
    assert text.startswith("Ambient RNA comes with time: of the difference")
    assert "cannot be told apart by time" in text


def test_soup_that_is_in_all_samples_or_in_none_is_not_said():
    for dose in (0.0, 0.2):
        found = record(
            with_soup(dict.fromkeys((0.0, 3.0, 9.0), dose)), ambient_key="soup"
        )
        assert len(found.ambient) == 2
        assert not said(found)


def test_without_a_profile_nothing_is_measured():
    assert record(cells().copy()).ambient is None


def test_other_cell_types_are_a_profile():
    data = with_soup({0.0: 0.0, 3.0: 0.1, 9.0: 0.3})
    counts = data.X.toarray()
    others = np.arange(data.n_obs) % 8 == 0
    depth = counts[others].sum(axis=1, keepdims=True)
    soup = data.var["soup"].to_numpy()
    counts[others] = np.random.default_rng(7).poisson(depth * soup)
    data.X = sp.csr_matrix(counts)
    data.obs["type"] = np.where(others, "stroma", "tumor")
    found = record(data, cell_type_key="type", malignant="tumor")
    assert set(found.ambient["soup"]) == {"RNA of the other cell types"}
    assert said(found)[0].startswith("RNA of the other cell types comes with time")


def test_a_wrong_profile_is_refused():
    with pytest.raises(DataError, match="var has no column 'soup'"):
        record(cells().copy(), ambient_key="soup")


def test_the_level_is_shared_by_the_times():
    course = pd.DataFrame(
        {
            "soup": "ambient RNA",
            "time": ["3", "9"],
            "share": [0.0, 0.5],
            "explained": [0.0, 0.2],
            "reference": 0.01,
            "pvalue": [0.9, 0.025],
        }
    )
    assert in_words(course) == [
        "Ambient RNA comes with time: of the difference from the reference group it "
        "makes 0% at 3, 20% at 9 (1% between reference samples). What it does and what "
        "progress does cannot be told apart by time."
    ]
    assert not in_words(course.assign(pvalue=[0.9, 0.026]))
    # Less of it than between reference samples is not foreign RNA.
    assert not in_words(course.assign(explained=[0.0, -0.2]))
    assert in_words(None) == []
    # Soup that is nearer to the cells than the reference is, is made of them.
    assert not in_words(course.assign(share=[0.0, 0.51]))
