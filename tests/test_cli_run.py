"""``dtpscore run``: several files, own signatures, summary, exit codes, JSON."""

from __future__ import annotations

import json

import anndata as ad
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore._run import summary
from dtpscore._run.summary import Arm, Summary
from dtpscore.errors import DtpscoreError

pytestmark = pytest.mark.slow

DESIGN = ["--groupby", "condition", "--reference", "parental", "--sample-key", "sample"]
SKIP = [
    word
    for s in ("call", "pseudotime", "trends", "enrich", "compare", "vulnerabilities")
    for word in ("--skip", s)
]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A file with too few reference cells for a call."""
    path = tmp_path_factory.mktemp("few") / "few.h5ad"
    dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0).write_h5ad(path)
    return path


def test_a_refused_step_has_an_exit_code_and_stands_in_the_summary(
    few, tmp_path, command
):
    words = ["run", few, "-o", tmp_path / "r", *DESIGN, *SKIP[2:]]
    code, out, err = command(*words)
    assert code == summary.REFUSED == 7
    assert out == ""
    assert "Warning (call): This step has no result." in err
    assert "Steps without a result: call (refused), pseudotime (left out)" in err
    assert (tmp_path / "r" / "report.html").is_file()
    classes = DtpscoreError.__subclasses__()
    assert summary.REFUSED not in {one.exit_code for one in classes}


def test_a_run_prints_its_end_as_json(few, tmp_path, command):
    code, out, _ = command("run", few, "-o", tmp_path / "r", *DESIGN, *SKIP, "--json")
    content = json.loads(out)
    assert (code, content["exit_code"]) == (0, 0)
    assert content["files"]["report"] == str(tmp_path / "r" / "report.html")
    assert [step["status"] for step in content["steps"]] == ["done", *["left out"] * 6]


def test_own_signatures_are_scored_beside_the_shipped_ones(few, tmp_path, command):
    genes = ad.read_h5ad(few).var_names[:20]
    (tmp_path / "own.gmt").write_text("\t".join(["my_set", "mine", *genes]) + "\n")
    words = ["run", few, "-o", tmp_path / "r", *DESIGN, *SKIP]
    assert command(*words, "--genes", tmp_path / "own.gmt")[0] == 0
    made = ad.read_h5ad(tmp_path / "r" / "result.h5ad")
    assert "my_set" in made.obsm["dtp_scores"]
    assert "dtp_emt" in made.obs
    content = json.loads((tmp_path / "r" / "provenance.json").read_text())
    assert "my_set" in content["signatures"]


def test_a_malformed_file_of_signatures_stops_before_any_work(few, tmp_path, command):
    (tmp_path / "own.gmt").write_text("only_a_name\n")
    words = ["run", few, "-o", tmp_path / "r", *DESIGN]
    for flag in ("--genes", "--gmt"):
        code, _, err = command(*words, flag, tmp_path / "own.gmt")
        assert code == 4
        assert "own.gmt" in err
    assert not (tmp_path / "r").exists()


def test_several_files_get_a_folder_each_and_one_table(few, tmp_path, command):
    other = tmp_path / "other.h5ad"
    adata = ad.read_h5ad(few)
    adata.write_h5ad(other)
    wrong = tmp_path / "wrong.h5ad"
    adata.obs = adata.obs.drop(columns="condition")
    adata.write_h5ad(wrong)
    words = ["run", few, wrong, other, "-o", tmp_path / "all", *DESIGN, *SKIP]
    code, out, err = command(*words, "--json")
    assert code == 3
    assert "no column 'condition'" in err
    assert [row["exit_code"] for row in json.loads(out)] == [0, 3, 0]
    assert (tmp_path / "all" / "few" / "result.h5ad").is_file()
    assert (tmp_path / "all" / "other" / "report.html").is_file()
    assert not (tmp_path / "all" / "wrong").exists()
    table = pd.read_csv(tmp_path / "all" / "summary.csv")
    assert table["file"].tolist() == ["few.h5ad", "wrong.h5ad", "other.h5ad"]
    assert table["exit_code"].tolist() == [0, 3, 0]
    names = {one.name for one in (tmp_path / "all").iterdir() if one.is_file()}
    assert {
        "summary.svg",
        "dtpscore_summary_mqc.tsv",
        "dtpscore_cells_mqc.tsv",
    } <= names
    assert "summary_axes.csv" not in names


def test_two_files_of_one_name_are_refused(few, tmp_path, command):
    (tmp_path / "few.h5ad").write_bytes(few.read_bytes())
    words = ["run", few, tmp_path / "few.h5ad", "-o", tmp_path / "all", *DESIGN]
    code, _, err = command(*words)
    assert code == 3
    assert "would have one folder" in err


def test_times_are_parsed_and_the_mapping_is_told_first(few, tmp_path, command):
    adata = ad.read_h5ad(few)
    adata.obs["when"] = [f"d{int(day)}" for day in adata.obs["day"]]
    adata.write_h5ad(tmp_path / "named.h5ad")
    words = ["run", tmp_path / "named.h5ad", *DESIGN, *SKIP, "--time-key", "when"]
    code, _, err = command(*words, "-o", tmp_path / "r")
    assert code == 0
    assert "Times were read as d0 = 0 days" in err
    adata.obs["when"] = "soon"
    adata.write_h5ad(tmp_path / "wrong.h5ad")
    words[1] = tmp_path / "wrong.h5ad"
    code, _, err = command(*words, "-o", tmp_path / "r2")
    assert code == 3
    assert "'when'" in err
    assert not (tmp_path / "r2").exists()


def test_an_arm_is_told_in_one_line():
    none = Arm("treated", "14", 3, 200, 0, 0.0, 0.0, 0.02, "none found", "why")
    assert none.name == "treated, 14"
    assert none.sentence == "0 of 200 cells DTP-like (0.0%), none found: why"
    called = Arm("treated", "", 3, 200, 50, 0.2, 0.3, 0.02, "called", "")
    assert called.name == "treated"
    assert called.sentence == (
        "50 of 200 cells DTP-like (25.0%; 20.0% to 30.0% in the samples), called"
    )
    steps = (("call", "refused", "why"), ("enrich", "left out", ""))
    assert Summary((none,), "E2", "", steps).refused == ["call"]
