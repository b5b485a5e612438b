"""Which options make which step of a run stale, and what each option reaches."""

from __future__ import annotations

import inspect

import pytest

from dtpscore import _run, tl
from dtpscore._files.steps import STEPS
from dtpscore._options.run import NEUTRAL, STEP_OPTIONS, RunOptions
from dtpscore._run import pipeline
from dtpscore._run.config import to_toml
from dtpscore._run.state import StepRecord
from dtpscore.errors import OptionError

ALL = {
    "score",
    "call",
    "pseudotime",
    "trends",
    "enrich",
    "compare",
    "programs",
    "engagement",
    "lineages",
    "resistance",
    "vulnerabilities",
}
GROUPS = ALL - {"score", "trends"}
SOURCE = {
    "score",
    "call",
    "pseudotime",
    "enrich",
    "compare",
    "programs",
    "vulnerabilities",
}
# Another value of each option of a run, and the steps whose numbers it decides at
# least. A step that builds on another one is stale as well.
DECIDES = {
    "groupby": ("arm", GROUPS),
    "reference": ("DMSO", GROUPS),
    "sample_key": ("library", GROUPS),
    "batch_key": (
        "line",
        {"call", "compare", "programs", "engagement", "lineages", "vulnerabilities"},
    ),
    "pair_key": (
        "patient",
        {"call", "compare", "programs", "enrich", "resistance", "vulnerabilities"},
    ),
    "replicate_key": ("rep", {"pseudotime"}),
    "time_key": ("day", {"call", "pseudotime", "engagement", "lineages"}),
    "cell_type_key": ("kind", {"call"}),
    "malignant": (("tumor",), {"call"}),
    "holiday": (("washout",), {"call", "pseudotime", "resistance", "vulnerabilities"}),
    "quality_key": ("bad", {"call"}),
    "clone_key": ("clone", {"call"}),
    "ambient_key": ("soup", {"call", "pseudotime"}),
    "pathway": ("estrogen_output", {"engagement"}),
    "late": (("relapse",), {"resistance"}),
    "lineage_key": ("barcode", {"lineages"}),
    "survival": ("counted", {"call"}),
    "layer": ("counts", SOURCE),
    "use_raw": (True, SOURCE),
    "gene_symbols": ("symbol", SOURCE),
    "species": ("mouse", SOURCE - {"compare"}),
    "method": ("mean", {"score"}),
    "alpha": (0.1, {"call"}),
    "n_permutations": (500, {"enrich"}),
    "seed": (1, ALL - {"compare", "engagement", "resistance", "vulnerabilities"}),
    "score": ({"max_rank": 1000}, {"score"}),
    "call": ({"min_genes": 50}, {"call"}),
    "pseudotime": ({"n_pcs": 20}, {"pseudotime"}),
    "trends": ({"n_bootstrap": 100}, {"trends"}),
    "enrich": ({"weight": 0.0}, {"enrich"}),
    "compare": ({"alpha": 0.1}, {"compare"}),
    "published": (True, set()),
    "programs": ({"alpha": 0.1}, {"programs"}),
    "engagement": ({"alpha": 0.1}, {"engagement"}),
    "lineages": ({"n_permutations": 99}, {"lineages"}),
    "resistance": ({"alpha": 0.1}, {"resistance"}),
    "vulnerabilities": ({"cells": "all"}, {"vulnerabilities"}),
    "title": ("Another", set()),
    "context": (("melanoma",), {"compare", "vulnerabilities"}),
    "skip": (("enrich",), set()),
    "n_jobs": (1, set()),
}
# Their files count, not their names.
FILES = {
    "gmt": {"enrich"},
    "genes": {"score", "trends", "enrich"},
    "drugs": {"vulnerabilities"},
}


def options(**given):
    # Four steps are done only where the option that they need is given.
    named = {
        "reference": "parental",
        "lineage_key": "lineage",
        "pathway": "mapk_output",
        "late": ("late",),
        "published": True,
    }
    return RunOptions.read({**named, **given})


def prints(chosen):
    """Fingerprint of each step, as a run makes it."""
    run = pipeline._Run(
        adata=None,
        config=chosen,
        files=None,
        base={"input": "x"},
        records={},
        elements=[],
        notes=[],
        ready=None,
    )
    for step in STEPS:
        mark = pipeline._fingerprint(step, run)
        run.records[step.name] = StepRecord(step.name, mark)
    return {name: record.fingerprint for name, record in run.records.items()}


def stale(chosen):
    before, after = prints(options()), prints(chosen)
    return {name for name in before if before[name] != after[name]}


def with_later(steps):
    """These steps and those that build on them."""
    found = set(steps)
    for step in STEPS:
        if found & {*step.needs, *step.after}:
            found.add(step.name)
    return found


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_options_have_the_names_of_the_arguments(step):
    parameters = inspect.signature(getattr(tl, step.function)).parameters
    assert set(step.options.model_fields) == set(parameters) - {"adata", "copy", "lazy"}


def test_every_option_of_a_run_is_in_the_table():
    assert set(DECIDES) | set(FILES) == set(RunOptions.model_fields)


@pytest.mark.parametrize("name", DECIDES)
def test_an_option_makes_stale_what_it_decides_and_nothing_else(name):
    value, steps = DECIDES[name]
    found = stale(options(**{name: value}))
    if name in {"cell_type_key", "malignant", "quality_key"}:
        assert with_later(steps) <= found
    else:
        assert found == with_later(steps)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_makes_stale_what_reads_it(name, tmp_path):
    file = tmp_path / "sets.gmt"
    file.write_text("a\tb\tVIM\n")
    with_file = options(**{name: str(file)})
    assert stale(with_file) == with_later(FILES[name])
    before = prints(with_file)
    file.write_text("a\tb\tCDH1\n")
    after = prints(with_file)
    changed = {n for n in before if before[n] != after[n]}
    assert changed == with_later(FILES[name])
    copied = tmp_path / "other_name.gmt"
    copied.write_text("a\tb\tCDH1\n")
    again = prints(options(**{name: str(copied)}))
    # The name of a GMT file stands in the record of the enrichment.
    assert (again == after) == (name == "genes")


@pytest.mark.parametrize("step", STEP_OPTIONS)
def test_no_option_of_a_step_is_missing_from_what_decides_it(step):
    fields = set(STEP_OPTIONS[step].model_fields)
    assert set(options().what_decides(step)) == fields - {"n_jobs", "chunk_size"}
    assert {"n_jobs", "chunk_size"} == NEUTRAL


def test_an_earlier_step_that_ended_otherwise_makes_a_later_one_stale():
    run = pipeline._Run(None, options(), None, {}, {}, [], [], None)
    order = next(step for step in STEPS if step.name == "pseudotime")
    marks = set()
    for status in ("done", "refused"):
        run.records["call"] = StepRecord("call", "same", status=status)
        marks.add(pipeline._fingerprint(order, run))
    assert len(marks) == 2


def test_pairs_are_the_samples_of_the_enrichment():
    chosen = options(sample_key="library", pair_key="patient")
    if "pair_key" not in STEP_OPTIONS["enrich"].model_fields:
        assert chosen.of_step("enrich").sample_key == "patient"
    assert chosen.of_step("call").sample_key == "library"


def test_every_option_survives_toml(tmp_path):
    given = {name: value for name, (value, _) in DECIDES.items() if name != "layer"}
    chosen = options(**{**given, "gmt": "sets.gmt", "genes": "mine.gmt"})
    file = tmp_path / "run.toml"
    file.write_text(to_toml(chosen), encoding="utf-8")
    assert _run.load_config(file, {}) == chosen


def test_old_names_in_a_configuration_are_read_with_a_warning(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('reference = "x"\ndays_key = "day"\npermutations = 20\n')
    with pytest.warns(FutureWarning, match="now called"):
        found = _run.load_config(file, {})
    assert (found.time_key, found.n_permutations) == ("day", 20)
    file.write_text('reference = "x"\ndays_key = "day"\ntime_key = "dose"\n')
    with pytest.raises(OptionError, match="different values"):
        _run.load_config(file, {})


@pytest.mark.parametrize(
    "text", ["a = 1" + "0" * 5000, "a = " + "[" * 5000, 'reference = "x"\nalpha = nan']
)
def test_a_hostile_configuration_is_refused(tmp_path, text):
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"run\.toml"):
        _run.load_config(file, {})
