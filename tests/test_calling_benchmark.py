"""The benchmark of calls in its short form: it runs, and says what it should."""

from __future__ import annotations

import importlib
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def frames(data_dir, repository):
    """Frames of the short benchmark."""
    for name in ("bulk_brafi_4lines", "sc_mixology_nsclc"):
        if not (data_dir / f"{name}.h5ad").is_file():
            pytest.skip(f"real data set {name!r} is not in {data_dir}")
    folder = str(repository / "benchmarks")
    sys.path.insert(0, folder)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DTPSCORE_DATA_DIR", str(data_dir))
            yield importlib.import_module("calling").main(["--short"])
    finally:
        sys.path.remove(folder)


def at(frame, method, share):
    return frame[(frame["method"] == method) & (frame["share"] == share)]


def test_held_out_persisters_are_found_within_the_error_rate(frames):
    for share in (0.1, 0.5):
        found = at(frames["power"], "dtpscore", share)
        assert len(found) == 3
        assert found["auroc"].min() > 0.9
        assert found["recall"].mean() > 0.5
        assert found["fdp"].mean() <= 0.05


def test_a_query_without_persisters_gets_no_calls(frames):
    assert at(frames["power"], "dtpscore", 0.0)["any"].sum() == 0
    # Cells as units: the same data, the library is called instead.
    plain = "logistic regression, cells as units"
    assert at(frames["power"], plain, 0.0)["any"].mean() > 0.5


def test_nulls_stay_within_the_error_rate(frames):
    nulls = frames["nulls"]
    assert nulls["any"].sum() <= 1
    assert nulls["called"].mean() <= 0.05


def test_reference_samples_are_counted(frames):
    table = frames["replicates"]
    assert set(table["reference samples"]) == {2, 3}
    assert (table["FDP"] <= 0.2).all()
