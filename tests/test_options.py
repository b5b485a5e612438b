"""A wrong option is refused in one form, and old names work for one release."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from pydantic import Field

import dtpscore as dtp
from dtpscore._deprecated import renamed
from dtpscore._log import logger
from dtpscore._options.base import Options
from dtpscore.errors import OptionError


class Example(Options):
    alpha: float = Field(default=0.05, gt=0, lt=1, description="Error rate.")
    species: Literal["human", "mouse"] = "human"
    n_jobs: int | None = Field(default=None, ge=1)
    holiday: tuple[str, ...] = ()
    layer: str | None = None
    copy_it: bool = False


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"alpha": 2}, "alpha must be above 0 and below 1, not 2."),
        ({"alpha": "much"}, "alpha must be a number, not 'much'."),
        ({"species": "rat"}, "species must be one of 'human', 'mouse', not 'rat'."),
        ({"n_jobs": 0}, "n_jobs must be at least 1, not 0."),
        ({"n_jobs": "many"}, "n_jobs must be a whole number, not 'many'."),
        ({"n_jobs": 2.5}, "n_jobs must be a whole number, not 2.5."),
        ({"holiday": 3}, "holiday must be a list, not 3."),
        ({"layer": 3}, "layer must be a text, not 3."),
        ({"copy_it": "x"}, "copy_it must be true or false, not 'x'."),
        (
            {"alpha": 2, "species": "rat"},
            "alpha must be above 0 and below 1, not 2. "
            "species must be one of 'human', 'mouse', not 'rat'.",
        ),
        (
            {"beta": 1},
            "There is no option 'beta'. Options are alpha, species, n_jobs, holiday, "
            "layer, copy_it.",
        ),
    ],
)
def test_one_form_for_all_that_is_wrong(given, message):
    with pytest.raises(OptionError) as raised:
        Example(**given)
    assert str(raised.value) == message


def test_numbers_of_numpy_are_numbers():
    found = Example(n_jobs=np.int64(2), alpha=np.float64(0.1), copy_it=np.bool_(True))
    assert (found.n_jobs, found.alpha, found.copy_it) == (2, 0.1, True)


def test_which_options_differ():
    assert Example().differing(Example(alpha=0.1, layer="x")) == ["alpha", "layer"]


@renamed(root="reference", quiet=None)
def order(*, reference="untreated"):
    return reference


def test_old_names_work_with_a_warning():
    with pytest.warns(FutureWarning, match="root is now called reference"):
        assert order(root="d0") == "d0"
    with pytest.warns(FutureWarning, match="quiet has no effect"):
        assert order(quiet=True) == "untreated"
    with pytest.raises(OptionError, match="reference was given twice"):
        order(root="a", reference="b")


def test_verbosity(capsys):
    assert dtp.settings.verbosity == "info"
    logger.info("Seen.")
    try:
        dtp.settings.verbosity = "warning"
        logger.info("Not seen.")
    finally:
        dtp.settings.verbosity = "info"
    captured = capsys.readouterr()
    assert captured.err == "Seen.\n"
    assert captured.out == ""
    with pytest.raises(
        OptionError, match="verbosity must be one of 'error', 'warning'"
    ):
        dtp.settings.verbosity = "loud"
