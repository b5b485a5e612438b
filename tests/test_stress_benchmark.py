"""The program of the stress benchmark: its runs, their file and its small input."""

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def programs(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    import stress
    import stress_population

    yield stress, stress_population
    for name in set(sys.modules) - before:
        if name.startswith(("stress", "calling_data")):
            del sys.modules[name]


def test_a_run_comes_back_from_its_line_and_a_cut_line_is_left_out(programs, tmp_path):
    stress, _ = programs
    runs = tmp_path / "runs.jsonl"
    row = {"label": "a", "design": "1 + 1", "run": np.int64(0), "recall": np.nan}
    runs.write_text(stress.as_line(row) + '{"label": "a", "des')
    found = stress.done(runs)
    assert found[["label", "design", "run"]].to_numpy().tolist() == [["a", "1 + 1", 0]]
    assert found["recall"].isna().all()


def test_only_missing_runs_are_made_and_every_design_has_its_first_run_first(
    programs, tmp_path
):
    stress, _ = programs
    chosen = stress.designs()[:2]
    one, other = (design.name for design in chosen)
    runs = tmp_path / "runs.jsonl"
    runs.write_text(stress.as_line({"label": "a", "design": one, "run": 0}))
    known = stress.done(runs)
    assert stress.missing(chosen, 2, known, "a") == [(other, 0), (one, 1), (other, 1)]
    assert len(stress.missing(chosen, 2, known, "b")) == 4


def test_the_small_input_holds_the_whole_population(programs, tmp_path):
    _, stress_population = programs
    rng = np.random.default_rng(0)
    given = stress_population.Population(
        genes=["A", "B"],
        log_rate=rng.normal(size=2),
        dispersion=rng.normal(size=2),
        cycle=rng.normal(size=(3, 2)),
        cycle_loading=rng.normal(size=(2, 2)),
        latent_loading=rng.normal(size=(5, 2)),
        persister={"A375": rng.normal(size=2)},
        clone={"SC01": rng.normal(size=2)},
        ambient=rng.normal(size=2),
        members={"stress": np.array([True, False])},
    )
    path = tmp_path / "population.npz"
    stress_population.save_population(given, path)
    found = stress_population.load_population(path)
    assert found.genes == given.genes
    for name in ("log_rate", "dispersion", "cycle", "cycle_loading", "latent_loading"):
        np.testing.assert_array_equal(getattr(found, name), getattr(given, name))
    for name in ("persister", "clone", "members"):
        assert getattr(found, name).keys() == getattr(given, name).keys()
        for key, values in getattr(given, name).items():
            np.testing.assert_array_equal(getattr(found, name)[key], values)
