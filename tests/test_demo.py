"""``dtpscore demo`` makes files a person can open, the same ones each time."""

from __future__ import annotations

import json

import anndata as ad
import pandas as pd
import pytest
from browser_page import opened

import dtpscore as dtp
from dtpscore import _demo

pytestmark = pytest.mark.slow

N_CELLS = 1800


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "new"


@pytest.fixture(scope="module")
def made(folder):
    return _demo.run(folder, n_cells=N_CELLS)


@pytest.fixture(scope="module")
def result(made):
    return ad.read_h5ad(made.outputs.data)


def test_experiment_has_reference_treated_and_holiday_replicates(result):
    samples = result.obs.groupby("condition", observed=True)["sample"].nunique()
    assert set(samples.index) == {"parental", "treated", "holiday"}
    assert samples.min() >= 3


def test_every_step_gave_a_result(made, result):
    assert {r.name: r.status for r in made.outputs.records} == dict.fromkeys(
        (
            "score",
            "call",
            "pseudotime",
            "trends",
            "enrich",
            "compare",
            "vulnerabilities",
        ),
        "done",
    )
    assert {"dtp_scores", "dtp_call", "dtp_pseudotime"} <= set(result.uns)
    page = made.outputs.report.read_text(encoding="utf-8")
    assert "simulated" in page


def test_the_report_is_read_in_about_eight_screens(made, tmp_path):
    """One figure per section, beside text and folds; there were 17 screens."""
    with opened(tmp_path) as browser:
        browser.open(made.outputs.report)
        height = "document.documentElement.scrollHeight"
        assert browser.run(height) < 8.5 * 900
        # A larger figure takes the place of its text, and gives it back.
        button = "document.querySelector('#axes figure button')"
        width = "document.querySelector('#axes figure img').offsetWidth"
        small = browser.run(width)
        browser.run(f"{button}.click()")
        assert browser.run(width) > 1.3 * small
        browser.run(f"{button}.click()")
        assert browser.run(width) == small


def test_how_do_you_know_it_is_not_the_library(made):
    """The question of a reviewer: the answer is reached from the contents."""
    page = made.outputs.report.read_text(encoding="utf-8")
    assert '<a href="#calls">' in page
    section = page[page.index('<section id="calls"') :].split("</section>")[0]
    assert "Each reference sample against the others" in section
    assert "the group moved as a whole" in section
    first = page[page.index('<section id="first"') :].split("</section>")[0]
    assert "calibrated by holding out whole reference samples" in first


def test_scores_are_those_of_the_function(result):
    adata = dtp.datasets.simulate(n_cells=N_CELLS, seed=_demo.SEED)
    dtp.tl.score(adata)
    pd.testing.assert_frame_equal(
        result.obsm["dtp_scores"], adata.obsm["dtp_scores"], check_exact=True
    )


def test_comparison_with_the_truth_counts_cells(made, result):
    obs = result.obs
    treated = obs[obs["condition"] == "treated"]
    called = treated[treated["dtp_call"].astype(str).str.startswith("DTP-like")]
    assert made.n_called == len(called) > 0
    assert made.n_right == called["true_state"].astype(str).str.startswith("DTP").sum()
    assert made.n_right / made.n_called >= 0.9
    counts = made.calls.loc["treated"]
    assert counts.sum() == len(treated)
    assert made.calls.loc["parental"].drop("parental-like").sum() <= 0.05 * N_CELLS / 5


def test_a_second_run_needs_leave_and_changes_nothing(made, folder, command):
    before = made.outputs.data.read_bytes()
    code, _, err = command("demo", "-o", folder)
    assert code == 3
    assert "--overwrite" in err
    assert made.outputs.data.read_bytes() == before


def test_command_prints_the_calls_and_names_the_files(made, command, monkeypatch):
    monkeypatch.setattr(_demo, "run", lambda *_, **__: made)
    code, out, err = command("demo")
    assert code == 0
    assert out == made.calls.to_string() + "\n"
    assert f"of {made.n_called:,} treated cells called" in err
    assert str(made.outputs.report) in err


def test_run_can_be_repeated_from_its_record(made):
    record = json.loads(made.outputs.provenance.read_text(encoding="utf-8"))
    assert record["versions"]["dtpscore"] == dtp.__version__


def test_folder_that_is_a_file(tmp_path, command):
    (tmp_path / "taken").write_text("")
    code, _, err = command("demo", "-o", tmp_path / "taken")
    assert code == 3
    assert "cannot be made" in err
