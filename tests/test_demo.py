"""``dtpscore demo`` makes files a person can open, the same ones each time."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore import _demo


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "new"


@pytest.fixture(scope="module")
def made(folder):
    return _demo.run(folder)


def test_every_file_is_there(made, folder):
    assert {path.name for path in folder.iterdir()} == {p.name for p in made.files}
    assert (folder / "axes_by_sample.png").read_bytes().startswith(b"\x89PNG")


def test_experiment_has_reference_treated_and_holiday_replicates(made, folder):
    obs = ad.read_h5ad(folder / "scored.h5ad").obs
    samples = obs.groupby("condition", observed=True)["sample"].nunique()
    assert set(samples.index) == {"parental", "treated", "holiday"}
    assert samples.min() >= 3
    assert (made.n_cells, made.n_samples) == (len(obs), obs["sample"].nunique())


def test_scores_are_those_of_the_function(made, folder):
    adata = dtp.datasets.simulate(seed=_demo.SEED)
    dtp.tl.score(adata, control=True)
    found = ad.read_h5ad(folder / "scored.h5ad")
    pd.testing.assert_frame_equal(found.obsm["dtp_scores"], adata.obsm["dtp_scores"])
    table = pd.read_csv(folder / "axes_by_sample.csv", index_col=[0, 1])
    parental = (adata.obs["condition"] == "parental").to_numpy()
    for axis in ("emt", "mtorc1", "g2m"):
        values = adata.obs[f"dtp_{axis}"].to_numpy(dtype=float)
        mean, sd = values[parental].mean(), values[parental].std(ddof=1)
        for (condition, sample), shift in table[axis].items():
            rows = (adata.obs["condition"] == condition).to_numpy()
            rows = rows & (adata.obs["sample"] == sample).to_numpy()
            np.testing.assert_allclose(
                shift, (values[rows].mean() - mean) / sd, rtol=1e-4, atol=1e-6
            )


def test_summary_shows_what_was_put_into_the_simulation(made):
    summary = made.summary
    np.testing.assert_allclose(summary["parental"], 0, atol=1e-6)
    raised = summary.index[summary["expected"] == "up"]
    assert (summary.loc[raised, "treated"] > 0).all()
    back = summary["holiday"].abs() < summary["treated"].abs()
    assert back[["consensus", "slow_cycling", "mtorc1"]].all()


def test_a_second_run_needs_leave_and_changes_nothing(made, folder, command):
    before = (folder / "scored.h5ad").read_bytes()
    code, _, err = command("demo", "-o", folder)
    assert code == 3
    assert "--overwrite" in err
    assert (folder / "scored.h5ad").read_bytes() == before


def test_command_prints_the_summary_and_names_the_files(made, folder, command):
    code, out, err = command("demo", "-o", folder, "--overwrite")
    assert code == 0
    assert {"consensus", "emt", "redox_nrf2"} <= {
        line.split()[0] for line in out.splitlines() if line
    }
    for path in made.files:
        assert str(path) in err


def test_folder_that_is_a_file(tmp_path, command):
    (tmp_path / "taken").write_text("")
    code, _, err = command("demo", "-o", tmp_path / "taken")
    assert code == 3
    assert "cannot be made" in err
