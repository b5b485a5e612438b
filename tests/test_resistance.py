"""Persister or resistant: what each observation says, and that no call is made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore._resistance import evidence
from dtpscore._resistance.evidence import NEITHER, PERSISTER, RESISTANT, Arms
from dtpscore.errors import DataError, OptionError
from dtpscore.tl._resistance import resistance_lists

DESIGN = {"groupby": "arm", "reference": "parental", "sample_key": "sample"}
NAN = float("nan")


def arms(late, other, spread=0.05, n=4):
    steps = spread * np.linspace(-1, 1, n)
    return Arms(late + steps, other + steps)


@pytest.mark.parametrize(
    ("late", "spread", "side"),
    [
        (1.0, 0.1, PERSISTER),
        (0.0, 0.1, RESISTANT),
        (-1.0, 0.1, RESISTANT),
        (0.0, 1.0, NEITHER),
        (0.4, 1.0, NEITHER),
    ],
)
def test_cycling_under_the_drug(late, spread, side):
    assert evidence.divides(arms(late, 0.0, spread), 0.05).speaks_for == side


def test_alike_means_within_half_a_standard_deviation():
    assert evidence.ALIKE == 0.5
    apart = evidence.divides(Arms(np.array([0.6, 0.4]), np.array([0.0, 0.1])), 0.001)
    assert apart.speaks_for == NEITHER


def test_one_sample_says_nothing():
    single = Arms(np.array([1.0]), np.array([0.0]))
    found = evidence.divides(single, 0.05)
    assert found.speaks_for == NEITHER
    assert "too few samples" in found.reading
    assert evidence.divides_more(single, 0.05).speaks_for == NEITHER
    assert evidence.programme(single, 0.05).speaks_for == NEITHER


def test_growing_out_and_the_programme():
    assert evidence.divides_more(arms(-1.0, 0.0), 0.05).speaks_for == RESISTANT
    assert evidence.divides_more(arms(1.0, 0.0), 0.05).speaks_for == NEITHER
    assert evidence.divides_more(None, 0.05).reading.startswith("no earlier sample")
    assert evidence.programme(arms(1.0, 0.0), 0.05).speaks_for == PERSISTER
    assert evidence.programme(arms(-1.0, 0.0), 0.05).speaks_for == NEITHER


@pytest.mark.parametrize(
    ("limits", "side"),
    [
        ((0.9, 0.6, 0.99), PERSISTER),
        ((0.1, 0.01, 0.4), RESISTANT),
        ((0.5, 0.2, 0.8), NEITHER),
        ((0.9, NAN, NAN), NEITHER),
        ((NAN, NAN, NAN), NEITHER),
    ],
)
def test_return_off_the_drug(limits, side):
    assert evidence.returns(*limits).speaks_for == side


def test_lists_of_resistant_lines_are_corrected_for_their_number():
    flat = {f"list{n}": arms(0.0, 0.0, 1.0) for n in range(4)}
    assert evidence.resembles({}, 0.05).reading.endswith("not scored")
    assert evidence.resembles(flat, 0.05).speaks_for == NEITHER
    up = {**flat, "one": arms(3.0, 0.0, 0.5)}
    assert evidence.resembles(up, 0.05).speaks_for == RESISTANT
    alone = {"one": arms(0.16, 0.0, 0.1)}
    single = evidence.resembles(alone, 0.05)
    assert single.pvalue < 0.05
    assert single.speaks_for == RESISTANT
    many = {**flat, **alone}
    assert evidence.resembles(many, 0.05).speaks_for == NEITHER


def test_clones_speak_for_what_was_there_before():
    assert evidence.clones(0.1).speaks_for == RESISTANT
    assert evidence.clones(-0.1).speaks_for == NEITHER
    assert evidence.clones(NAN).speaks_for == NEITHER


def test_the_shipped_lists_are_read_from_resistant_lines():
    names = resistance_lists()
    assert "gefitinib_resistance_coldren2006" in names
    assert "apoptosis_resistance_panel" not in names
    assert len(names) == 4


@pytest.fixture(scope="module")
def scored():
    made = dtp.datasets.simulate(
        n_cells=900, n_genes=4600, days=(7, 30), holiday_day=45, seed=1
    )
    arm = made.obs["condition"].astype(str).to_numpy(dtype=object)
    arm[(made.obs["day"].astype(int) == 30).to_numpy()] = "late"
    made.obs["arm"] = pd.Categorical(arm)
    dtp.tl.score(made, [*dtp.signatures.select(), *resistance_lists()])
    return made


@pytest.fixture(scope="module")
def weighed(scored):
    return dtp.tl.resistance(
        scored, late="late", holiday="holiday", copy=True, **DESIGN
    )


def test_simulated_persisters_speak_for_persister_and_no_call_is_made(weighed):
    table = dtp.get.resistance(weighed).set_index("question")
    assert list(table.index) == list(evidence.QUESTIONS)
    assert table.loc["divides under the drug", "speaks_for"] == PERSISTER
    assert table.loc["keeps the persister programme", "speaks_for"] == PERSISTER
    assert table.loc["survives higher doses", "speaks_for"] == NEITHER
    assert (
        "lists of resistant lines" in table.loc["resembles resistant lines", "reading"]
    )
    assert table["would_decide"].str.len().min() > 10
    assert not {"call", "verdict", "state"} & set(table)
    assert not [one for one in weighed.obs if one.startswith("dtp_resistance")]


def test_cells_that_divide_again_speak_for_resistant(scored):
    grown = scored.copy()
    late = (grown.obs["arm"] == "late").to_numpy()
    own = (grown.obs["arm"] == "parental").to_numpy()
    rng = np.random.default_rng(0)
    slow = grown.obs["dtp_slow_cycling"].to_numpy(dtype=float).copy()
    slow[late] = rng.permutation(np.resize(slow[own], late.sum()))
    grown.obs["dtp_slow_cycling"] = slow.astype(np.float32)
    dtp.tl.resistance(grown, late="late", holiday="holiday", **DESIGN)
    table = dtp.get.resistance(grown).set_index("question")
    assert table.loc["divides more than early survivors", "speaks_for"] == RESISTANT


def test_what_cannot_be_done_is_said(scored, weighed):
    with pytest.raises(OptionError, match="is the reference or a holiday"):
        dtp.tl.resistance(scored, late="parental", **DESIGN)
    with pytest.raises(OptionError, match="at least one group"):
        dtp.tl.resistance(scored, late=(), **DESIGN)
    with pytest.raises(DataError, match="'relapse' is not in"):
        dtp.tl.resistance(scored, late="relapse", **DESIGN)
    with pytest.raises(DataError, match="No late group 'wings'"):
        dtp.pl.resistance(weighed, group="wings", show=False)
    with pytest.raises(DataError, match="No question 'wings'"):
        dtp.pl.resistance(weighed, order=["wings"], show=False)


@pytest.mark.slow
def test_plot_and_report(weighed, tmp_path):
    ax = dtp.pl.resistance(weighed, show=False)
    assert len(ax.get_yticklabels()) == 7
    page = tmp_path / "r.html"
    dtp.report(weighed, page, groupby="arm", reference="parental")
    text = page.read_text(encoding="utf-8")
    assert "Persister or resistant" in text
    assert "They are not added up" in text
