"""``dtpscore call`` on files."""

from __future__ import annotations

import hashlib

import anndata as ad
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore import _keys
from dtpscore._cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file of simulated cells, easy to call."""
    adata = dtp.datasets.simulate(
        n_cells=480, days=(14,), holiday_day=None, difficulty="easy", seed=2
    )
    made = tmp_path_factory.mktemp("call") / "cells.h5ad"
    adata.write_h5ad(made)
    return made


def run(*words):
    with pytest.raises(SystemExit) as ended:
        main(["call", *map(str, words)])
    return ended.value.code or 0


def test_equals_the_function_and_leaves_the_input_alone(path, tmp_path, capsys):
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    out = tmp_path / "called.h5ad"
    options = ["--groupby", "condition", "--reference", "parental"]
    options += ["--sample-key", "sample", "--no-check-reference"]
    assert run(path, "-o", out, *options, "--csv", tmp_path / "tables") == 0
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    said = capsys.readouterr().err.splitlines()
    assert "no call is possible" in said[0]
    assert "DTP-like" in said[-1]
    assert "evidence E2" in said[-1]
    found, expected = ad.read_h5ad(out), ad.read_h5ad(path)
    dtp.tl.call(
        expected,
        groupby="condition",
        reference="parental",
        sample_key="sample",
        check_reference=False,
        quiet=True,
    )
    for key in (_keys.CALL, _keys.REASON, _keys.INDEX, _keys.SHIFT, _keys.QVALUE):
        assert found.obs[key].astype(str).tolist() == (
            expected.obs[key].astype(str).tolist()
        )
    assert found.obs[_keys.CALL].cat.ordered
    assert set(found.uns[_keys.CALL]) == set(expected.uns[_keys.CALL])
    table = pd.read_csv(tmp_path / "tables" / "dtp_call_calibration.csv", index_col=0)
    assert table["n_called"].iloc[0] > 0


DESIGN = ("--groupby", "condition", "--reference", "parental")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--groupby", "nothing", "--reference", "parental"], 3, "no column 'nothing'"),
        (["--groupby", "condition", "--reference", "naive"], 3, "'naive' is not in"),
        (
            ["--groupby", "condition", "--reference", "parental", "--scores", "none"],
            3,
            "no score frame 'none'",
        ),
        (
            ["--groupby", "condition", "--reference", "parental", "--index", "none"],
            4,
            "none",
        ),
        (["--reference", "parental"], 2, "--groupby"),
        (
            [*DESIGN, "--holiday", "treated", "--holiday", "relapse"],
            3,
            "holiday group 'relapse' is not in",
        ),
        (
            ["--groupby", "condition", "--reference", "parental", "--malignant", "x"],
            2,
            "malignant needs cell_type_key",
        ),
    ],
)
def test_refuses_with_the_exit_code(path, tmp_path, capsys, options, code, words):
    out = tmp_path / "called.h5ad"
    assert run(path, "-o", out, *options) == code
    assert words in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("word", ["--components", "--no-components"])
def test_components_can_be_left_out(path, tmp_path, word):
    out = tmp_path / "called.h5ad"
    options = ["--groupby", "condition", "--reference", "parental", "--sample-key"]
    assert run(path, "-o", out, *options, "sample", "--no-check-reference", word) == 0
    found = ad.read_h5ad(out).uns[_keys.CALL]
    assert bool(found["params"]["components"]) == (word == "--components")
    looked = found["calibration"]["second_population"].notna()
    assert looked.all() == (word == "--components")


def test_without_a_reference_it_ranks(path, tmp_path, capsys):
    out = tmp_path / "ranked.h5ad"
    assert run(path, "-o", out, "--groupby", "condition") == 0
    assert "not calibrated" in capsys.readouterr().err
    assert ad.read_h5ad(out).uns[_keys.CALL]["evidence_level"] == "E0"
