"""What ``tl.call`` refuses, and what it says then."""

from __future__ import annotations

import numpy as np
import pytest
from small_calls import easy as easy_once
from small_calls import run, with_columns

from dtpscore.errors import DataError, OptionError


@pytest.fixture(scope="module")
def easy():
    return easy_once()


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"groupby": "nothing"}, r"no column 'nothing' for the groups.*condition"),
        ({"reference": "naive"}, r"'naive' is not in obs\['condition'\].*parental"),
        ({"holiday": "rest"}, "holiday group 'rest'"),
        ({"sample_key": "nothing"}, "no column 'nothing' for the samples"),
        ({"batch_key": "nothing"}, "no column 'nothing' for the batches"),
        ({"layer": "counts"}, "no layer 'counts'"),
        ({"cell_type_key": "sample", "malignant": "x"}, "No cells are 'x'; the cell"),
        ({"quality_key": "sample"}, "must be true or false"),
        ({"time_key": "sample"}, "must hold times or doses"),
        ({"min_reference": 5000}, "Calls need 5000 usable cells.*there are 240"),
        ({"min_genes": 5000}, "Calls need 50 usable cells"),
        ({"holiday": "treated"}, "needs 20 cells in each arm.*found treated 0"),
    ],
)
def test_refuses_with_the_reason(easy, choices, words):
    with pytest.raises(DataError, match=words):
        run(easy, **choices)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"alpha": 0}, "alpha must be above 0 and below 1, not 0"),
        ({"alpha": "small"}, "alpha must be a number, not 'small'"),
        ({"max_mitochondrial": 30}, "must be at least 0 and at most 1, not 30"),
        ({"min_reference": 3}, "min_reference must be at least 4, not 3"),
        ({"min_genes": -1}, "min_genes must be at least 0, not -1"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"n_jobs": 0}, "n_jobs must be at least 1, not 0"),
        ({"species": "rat"}, "species must be one of 'human', 'mouse', not 'rat'"),
        ({"malignant": "tumor"}, "needs cell_type_key"),
        ({"survival": " "}, "survival must say in words"),
        ({"survival": False}, "survival must be a text, not False"),
        ({"layer": "a", "use_raw": True}, "layer .'a'. or use_raw, not both"),
        ({"key_added": ""}, "key_added must be"),
        ({"cell_type_key": "sample"}, "None is given; the cell types in"),
        ({"holiday": "parental"}, "reference and holiday are both 'parental'"),
        ({"reference": None, "holiday": "treated"}, "holiday needs a reference"),
    ],
)
def test_a_bad_option_is_an_option_error(easy, choices, words):
    with pytest.raises(OptionError, match=words) as raised:
        run(easy, **choices)
    assert raised.value.exit_code == 2


@pytest.mark.slow
def test_refuses_data_that_cannot_be_called(easy):
    one = with_columns(easy, arm=["parental"] + ["treated"] * (easy.n_obs - 1))
    with pytest.raises(DataError, match=r"there are 0\. Samples with fewer"):
        run(one, groupby="arm")
    alone = with_columns(easy, arm="parental")
    with pytest.raises(DataError, match="nothing to compare it with"):
        run(alone, groupby="arm")
    scaled = easy.copy()
    scaled.X = scaled.X.toarray().astype(float) - 1
    with pytest.raises(DataError, match="the values look scaled: the smallest is -1"):
        run(scaled)
    repeated = easy.copy()
    repeated.obs_names = ["cell"] * easy.n_obs
    with pytest.raises(DataError, match="Cell names repeat"):
        run(repeated)
    for n_genes in (300, 1000):
        panel = easy[:, np.random.default_rng(0).permutation(easy.n_vars)[:n_genes]]
        with pytest.raises(DataError, match="under half of them"):
            run(panel.copy(), min_genes=10)
