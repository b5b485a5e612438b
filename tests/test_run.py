"""One command from a file to a report, that can be interrupted and repeated."""

from __future__ import annotations

import hashlib
import json

import anndata as ad
import pytest
from report_page import read_page
from typer.testing import CliRunner

import dtpscore as dtp
from dtpscore import _run, tl
from dtpscore._cli import app
from dtpscore._run.config import to_toml
from dtpscore.errors import DataError, OptionError

pytestmark = pytest.mark.slow

CHOICES = {"reference": "parental", "sample_key": "sample", "n_permutations": 20}
SAME = ("report.html", "result.h5ad", "provenance.json", "run.toml")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("input") / "cells.h5ad"
    dtp.datasets.simulate(n_cells=300, n_genes=4600, seed=6, days=(7,)).write_h5ad(made)
    return made


@pytest.fixture(scope="module")
def whole(path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    config = _run.load_config(None, CHOICES)
    return folder, _run.run(path, folder, config)


class Watch:
    def __init__(self):
        self.outcomes = {}

    def start(self, title):
        self.outcomes[title] = "started"

    def end(self, title, outcome):
        self.outcomes[title] = outcome


def same_bytes(one, other):
    files = [*SAME, *(f"tables/{p.name}" for p in (one / "tables").iterdir())]
    return [f for f in files if (one / f).read_bytes() != (other / f).read_bytes()]


def test_writes_the_input_with_all_results(path, whole):
    folder, outputs = whole
    result = ad.read_h5ad(outputs.data)
    source = ad.read_h5ad(path)
    assert (result.X != source.X).nnz == 0
    assert list(result.obs.columns[: source.obs.shape[1]]) == list(source.obs.columns)
    results = {"dtp_scores", "dtp_call", "dtp_pseudotime", "dtp_trends"}
    assert {*results, "dtp_enrichment"} <= set(result.uns)
    alone = source.copy()
    tl.score(alone)
    assert (result.obs["dtp_emt"] == alone.obs["dtp_emt"]).all()
    assert {p.name for p in folder.iterdir()} >= {*SAME, "run.log", "tables", "steps"}


def test_interrupted_run_goes_on_and_ends_with_the_same_bytes(
    path, whole, tmp_path, monkeypatch
):
    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tl, "enrich", stop, raising=False)
        with pytest.raises(KeyboardInterrupt):
            _run.run(path, tmp_path, _run.load_config(None, CHOICES))
    assert not (tmp_path / "report.html").exists()
    with monkeypatch.context() as patch:
        for name in ("score", "call", "pseudotime", "trends"):
            patch.setattr(tl, name, stop, raising=False)  # must not be needed again
        done = CliRunner().invoke(
            app,
            ["run", str(path), "-o", str(tmp_path), "--config", str(whole[1].config)],
            catch_exceptions=False,
        )
    assert done.exit_code == 0
    assert done.stderr.count("done before") == 4
    assert "report.html" in done.stderr
    assert same_bytes(whole[0], tmp_path) == []


def test_a_finished_run_does_nothing_again(path, whole):
    folder, _ = whole
    before = {f: (folder / f).read_bytes() for f in SAME}
    watch = Watch()
    _run.run(path, folder, _run.load_config(None, CHOICES), progress=watch)
    steps = [
        outcome for title, outcome in watch.outcomes.items() if "report" not in title
    ]
    assert set(steps) <= {"done before"} | {
        s for s in steps if s.startswith("left out")
    }
    assert {f: (folder / f).read_bytes() for f in SAME} == before


def test_a_changed_choice_redoes_what_depends_on_it(path, whole, tmp_path):
    import shutil

    shutil.copytree(whole[0], tmp_path / "copy")
    watch = Watch()
    config = _run.load_config(None, {**CHOICES, "n_permutations": 25})
    _run.run(path, tmp_path / "copy", config, progress=watch)
    assert watch.outcomes["score signatures and axes"] == "done before"
    assert watch.outcomes["test gene sets"] == "done"


def test_provenance_names_input_versions_and_signatures(path, whole):
    content = json.loads(whole[1].provenance.read_text())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert content["input"]["sha256"] == digest
    assert content["versions"]["dtpscore"] == dtp.__version__
    name = "dtp_consensus_no_cycle"
    assert content["signatures"][name] == dtp.signatures.load(name).sha256
    assert content["config"]["sample_key"] == "sample"


def test_a_step_that_is_left_out_is_named_in_the_report(path, tmp_path):
    skip = ["call", "pseudotime", "trends", "enrich"]
    config = _run.load_config(None, {**CHOICES, "skip": skip})
    outputs = _run.run(path, tmp_path, config)
    page = read_page(outputs.report.read_text(encoding="utf-8"))
    assert "Step enrich has no result" in page.words
    # The first screen says once why there are no calls.
    assert "Step call has no result" not in page.words
    assert "No cell was called, so nothing is decided. " in page.words
    assert "dtp_enrichment" not in ad.read_h5ad(outputs.data).uns


def test_a_damaged_step_file_is_done_again(path, whole, tmp_path):
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(whole[0], folder)
    (folder / "steps" / "score.json").write_text("{", encoding="utf-8")
    watch = Watch()
    _run.run(path, folder, _run.load_config(None, CHOICES), progress=watch)
    assert watch.outcomes["score signatures and axes"] == "done"
    assert same_bytes(whole[0], folder) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference": "dmso"}, "'parental'"),
        ({"groupby": "arm"}, "no column 'arm'"),
        ({"sample_key": "mouse"}, "no column 'mouse'"),
        ({"holiday": ["relapse"]}, "holiday group 'relapse' is not in"),
        ({"time_key": "sample"}, "sample"),
        ({"layer": "counts"}, "no layer 'counts'"),
        ({"use_raw": True}, "have no raw"),
    ],
)
def test_wrong_columns_stop_before_any_work(path, tmp_path, change, said):
    config = _run.load_config(None, {**CHOICES, **change})
    with pytest.raises(DataError, match=said):
        _run.run(path, tmp_path / "out", config)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"^reference is missing\.$"),
        (
            {"reference": "x", "alpha": 2},
            r"^alpha must be above 0 and below 1, not 2\.$",
        ),
        ({"reference": "x", "colour": 1}, r"^There is no option 'colour'\."),
        (
            {"reference": "x", "skip": ["score"]},
            r"^skip must be one of 'call', .*'score'",
        ),
        ({"reference": "x", "species": "rat"}, r"^species must be one of 'human'"),
        (
            {"reference": "x", "call": {"min_genes": -1}},
            r"step call: min_genes must be at least 0, not -1\.$",
        ),
        (
            {"reference": "x", "call": {"alpha": 0.1}},
            r"^\[call\] cannot hold alpha, .* Write alpha above the tables\.$",
        ),
        ({"reference": "x", "layer": "a", "use_raw": True}, "not both"),
    ],
)
def test_wrong_choices_are_named(given, said):
    with pytest.raises(OptionError, match=said):
        _run.load_config(None, given)


def test_every_group_off_the_drug_is_looked_for_before_any_work(
    path, tmp_path, command
):
    words = ("--reference", "parental", "--holiday", "holiday", "--holiday", "relapse")
    code, _, err = command("run", path, "-o", tmp_path / "out", *words)
    assert code == 3
    assert "holiday group 'relapse' is not in" in err
    assert not (tmp_path / "out").exists()
    config = _run.load_config(None, {"reference": "x", "holiday": ["a", "b"]})
    assert config.holiday == ("a", "b")


def test_config_survives_toml(tmp_path):
    config = _run.load_config(
        None,
        {
            "reference": 'a "b" \\ c',
            "holiday": ["x"],
            "alpha": 0.1,
            "title": "Persisters \U0001f9ec \u2028 \t 細胞",
            "call": {"min_genes": 50, "exclude_studies": ["hangauer2017"]},
        },
    )
    file = tmp_path / "run.toml"
    file.write_text(to_toml(config), encoding="utf-8")
    assert _run.load_config(file, {}) == config
    assert _run.load_config(file, {"alpha": 0.2}).alpha == 0.2


@pytest.mark.parametrize("content", ["alpha = ", None])
def test_an_unreadable_config_is_named(tmp_path, content):
    file = tmp_path / "run.toml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"run\.toml"):
        _run.load_config(file, {})


def test_the_report_command_makes_a_page_of_a_result(whole, tmp_path):
    page = tmp_path / "r.html"
    words = ["report", str(whole[1].data), "-o", str(page), "--groupby", "condition"]
    made = CliRunner().invoke(app, words, catch_exceptions=False)
    assert made.exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, DataError)
    assert "--overwrite" in str(again.exception)


def test_a_folder_that_is_a_file_is_refused(path, tmp_path, command):
    (tmp_path / "taken").write_text("")
    words = ("--groupby", "condition", "--reference", "parental")
    code, _, err = command("run", path, "-o", tmp_path / "taken", *words)
    assert code == 3
    assert "cannot be made" in err
