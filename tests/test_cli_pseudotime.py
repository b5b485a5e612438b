"""``dtpscore pseudotime``: same result as the functions, clear ends."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore.errors import InputWarning

pytestmark = pytest.mark.slow

OPTIONS = ["--groupby", "condition", "--reference", "parental"]
LABELED = [
    *OPTIONS,
    *("--time-key", "day", "--sample-key", "sample"),
    *("--replicate-key", "replicate", "--holiday", "holiday"),
]


@pytest.fixture(scope="module")
def few():
    return dtp.datasets.simulate(n_cells=300, n_genes=1500, difficulty="easy", seed=2)


@pytest.fixture
def file(few, tmp_path):
    path = tmp_path / "few.h5ad"
    few.write_h5ad(path)
    return path


def test_same_as_the_functions(few, file, tmp_path, command):
    out, csv = tmp_path / "ordered.h5ad", tmp_path / "tables"
    before, gene = file.read_bytes(), few.var_names[0]
    code, _, err = command(
        "pseudotime", file, "-o", out, *LABELED, "--genes", gene, "--csv", csv
    )
    assert code == 0, err
    assert "300 cells, ordinal, root parental" in err
    assert file.read_bytes() == before
    expected = few.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        dtp.tl.pseudotime(
            expected,
            groupby="condition",
            reference="parental",
            time_key="day",
            sample_key="sample",
            replicate_key="replicate",
            holiday="holiday",
        )
    dtp.tl.trends(expected, genes=gene)
    found = ad.read_h5ad(out)
    pd.testing.assert_frame_equal(
        found.obs, expected.obs, check_dtype=False, check_categorical=False
    )
    for key in ("direction", "reversal", "branches", "time_courses"):
        pd.testing.assert_frame_equal(
            found.uns["dtp_pseudotime"][key],
            expected.uns["dtp_pseudotime"][key],
            check_dtype=False,
        )
    pd.testing.assert_frame_equal(
        found.uns["dtp_trends"]["features"],
        expected.uns["dtp_trends"]["features"],
        check_names=False,
    )
    assert (csv / "dtp_pseudotime_obs.csv").is_file()
    assert (csv / "dtp_trends_features.csv").is_file()
    # The functions read the file's result as their own.
    dtp.tl.trends(found, n_bootstrap=19, n_permutations=19)


def test_no_trends_takes_old_ones_away(few, tmp_path, command):
    old = few.copy()
    old.uns["dtp_trends"] = {"params": {"genes": np.array([], str)}}
    path, out = tmp_path / "old.zarr", tmp_path / "new.zarr"
    old.write_zarr(path)
    code, _, err = command("pseudotime", path, "-o", out, *OPTIONS, "--no-trends", "-q")
    assert code == 0, err
    found = ad.read_zarr(out)
    assert found.uns["dtp_pseudotime"]["method"] == "dpt"
    assert "dtp_trends" not in found.uns


def test_an_index_in_the_file_is_used(few, tmp_path, command):
    called = few.copy()
    called.obs["dtp_index"] = -called.obs["true_progress"].astype(float)
    path, out = tmp_path / "called.h5ad", tmp_path / "out.h5ad"
    called.write_h5ad(path)
    code, _, err = command("pseudotime", path, "-o", out, *LABELED, "--no-trends")
    assert code == 0
    assert "runs against the index" in err


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--groupby", "arm", "--reference", "parental"], 3, "no column 'arm'"),
        (
            ["--groupby", "condition", "--reference", "DMSO"],
            3,
            "The reference group 'DMSO' is not in",
        ),
        ([*OPTIONS, "--method", "ordinal"], 3, "needs time_key"),
        ([*OPTIONS, "--method", "slingshot"], 2, "slingshot"),
        ([*OPTIONS, "--genes", "NOGENE"], 3, "no gene 'NOGENE'"),
        (["--reference", "parental"], 2, "--groupby"),
    ],
)
def test_exit_codes(file, tmp_path, command, words, code, text):
    found, _, err = command("pseudotime", file, "-o", tmp_path / "out.h5ad", *words)
    assert found == code
    assert text in err
    assert not (tmp_path / "out.h5ad").exists()
