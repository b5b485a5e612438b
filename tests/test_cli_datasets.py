"""``dtpscore datasets``."""

from __future__ import annotations

import json

import anndata as ad
import pytest
from typer.testing import CliRunner

from dtpscore._cli.datasets import app
from dtpscore.datasets import _download
from dtpscore.errors import DataError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(_download, "cache", lambda: tmp_path / "cache")
    monkeypatch.delenv(_download.MIRROR, raising=False)

    def invoke(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def test_list_shows_every_data_set_and_what_is_unchecked(run):
    text = run("list").stdout
    assert "bulk_brafi_4lines" in text
    assert "Not" not in text
    assert "<NA>" not in text
    assert "nan" not in text.split()
    (line,) = [row for row in text.splitlines() if row.startswith("gse150949")]
    assert line.split()[2:5] == ["-", "-", "-"]
    rows = json.loads(run("list", "--json").stdout)
    unchecked = {row["name"] for row in rows if not row["checked"]}
    assert unchecked == {"gse134838", "gse134839", "gse134841", "gse150949"}


@pytest.mark.slow
def test_fetch_prints_paths_and_writes_an_h5ad(
    run, real_file, data_dir, monkeypatch, tmp_path
):
    real_file("bulk_skmel5_timecourse")
    monkeypatch.setenv(_download.MIRROR, str(data_dir))
    output = tmp_path / "bulk.h5ad"
    result = run("fetch", "bulk_skmel5_timecourse", "-o", output)
    assert result.stdout.strip().endswith("RNAseq_data.csv")
    assert ad.read_h5ad(output).shape == (27, 14963)
    with pytest.raises(DataError, match="--overwrite"):
        run("fetch", "bulk_skmel5_timecourse", "-o", output)
    run("fetch", "bulk_skmel5_timecourse", "-o", output, "--overwrite", "-q")


def test_an_output_that_cannot_be_is_refused_before_the_download(run, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        run("fetch", "bulk_skmel5_timecourse", "-o", tmp_path / "folder")
    assert not (tmp_path / "cache").exists()


def test_unknown_names_and_two_names_for_one_output_are_refused(run, tmp_path):
    with pytest.raises(DataError, match="There is no data set 'nothing'"):
        run("fetch", "nothing")
    result = run("fetch", "pbmc3k", "gse150949", "-o", tmp_path / "x.h5ad")
    assert result.exit_code == 2
    assert "one data set" in result.output
