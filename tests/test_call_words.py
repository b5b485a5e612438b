"""Every sentence about a call is true in every case: it is held against the record."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from small_calls import called, easy, logs, record_of, run, with_columns

import dtpscore as dtp
from dtpscore import _keys
from dtpscore._calling import depth, features, result
from dtpscore._calling.depth import match_depth
from dtpscore._calling.outcome import Experiment, Outcome
from dtpscore._calling.panel import choose
from dtpscore._calling.record import CallRecord
from dtpscore._calling.words import call_in_words
from dtpscore._design import read_design
from dtpscore._options.call import CallOptions
from dtpscore._values import Values
from dtpscore.errors import DataError, SignatureError

pytestmark = pytest.mark.slow

HELD_OUT = "holding out each reference sample in turn"
WRONG = "at most 5% are expected to be wrong"
THINNED = "Counts were thinned at random"


def ambient(adata):
    """Counts with decimals, as after the removal of ambient RNA."""
    changed = adata.copy()
    counts = changed.X.toarray().astype(float)
    profile = counts.sum(axis=0) / counts.sum()
    changed.X = sp.csr_matrix(
        np.clip(counts - 0.05 * counts.sum(axis=1)[:, None] * profile, 0, None)
    )
    return changed


@cache
def calls(case):
    """One call per case, without components, which take long."""
    quick = {"copy": True}
    if case == "counts":
        return run(easy(), **quick)
    if case == "log":
        return run(logs(easy()), **quick)
    if case == "decimals":
        return run(ambient(easy()), **quick)
    if case == "one library":
        return run(easy(), sample_key=None, **quick)
    if case == "no reference":
        return run(easy(), reference=None, **quick)
    if case == "unmatched":
        return run(easy(), match_depth=False, **quick)
    if case == "own scores":
        data = easy().copy()
        dtp.tl.score(data)
        return run(data, scores=_keys.SCORES, copy=True)
    raise AssertionError(case)


CASES = (
    "counts",
    "log",
    "decimals",
    "one library",
    "no reference",
    "unmatched",
    "own scores",
)


@pytest.mark.parametrize("case", CASES)
def test_what_is_said_agrees_with_the_record(case):
    record = record_of(calls(case))
    methods = " ".join(record.methods)
    said = methods + " ".join(record.messages)
    assert (HELD_OUT in methods) == record.held_out
    assert (THINNED in methods) == (
        record.matrix_values.are_counts and case != "unmatched"
    )
    not_counts = "because the values are not counts" in methods
    assert not_counts == (not record.matrix_values.are_counts)
    assert ("used as they were given" in methods) == (
        record.matrix_values.normalize is None
    )
    assert ("rounded to whole numbers" in said) == (case == "decimals")
    assert ("no cell was called" in methods) == (not record.calibrated)
    assert (WRONG in " ".join(record.error_rate)) == record.held_out
    assert ("in obsm['dtp_scores']" in methods) == ("scores" in record.params)
    assert f"The evidence level is {record.evidence_level}: " in methods
    assert record.index in methods
    assert "principal components" not in methods


def test_one_library_claims_no_calibration():
    record = record_of(calls("one library"))
    said = " ".join([*record.methods, *record.messages, *record.error_rate])
    assert not record.held_out
    assert (record.calibration["basis"] == "inside samples").all()
    assert "second populations inside samples alone" in said
    assert "if a further untreated sample would differ" not in said
    assert ("One untreated library cannot show whether they are" in said) == bool(
        record.calibration["n_called"].any()
    )
    assert "A move of a whole sample is not seen" in said
    assert HELD_OUT not in said


def test_without_a_reference_no_error_rate_is_claimed():
    record = record_of(calls("no reference"))
    assert record.calibration is None
    assert record.bic_gain is not None
    assert record.error_rate == ["Nothing was calibrated, so no error rate is known."]


def test_log_values_are_said_to_be_what_they_are():
    record = record_of(calls("log"))
    assert record.matrix_values.kind == "log"
    assert record.matrix_values.sentence in record.messages
    shift = calls("log").obs[_keys.SHIFT]
    plain = calls("unmatched").obs[_keys.SHIFT]
    assert np.corrcoef(shift, plain)[0, 1] > 0.99


def group_facts(**changes):
    return {
        "batch": "all",
        "group": "on",
        "basis": "shift",
        "components_used": False,
        "second_population": 1.0,
        "prior_freedom": 0.9,
        "n_called": 3,
        "reference_unstable": False,
        **changes,
    }


def in_words(groups, n_components=20, references=()):
    """Sentences of a call, from facts about its groups."""
    frame = pd.DataFrame({"arm": ["off", "on"]}, index=["a", "b"])
    design = read_design(frame, CallOptions(groupby="arm", reference="off").keys)
    found = features.Features(
        values=np.zeros((2, 1)),
        names=["x"],
        axis=["x"],
        axes=np.zeros((2, 1)),
        axis_names=["x"],
        index=np.zeros(2),
        index_name="i",
        proliferation=np.zeros(2),
        random=np.zeros((2, 1)),
        coverage=pd.DataFrame(),
        source="the z-scores",
    )
    cells = np.ones(2, bool)
    experiment = Experiment(
        design=design,
        features=found,
        components=np.zeros((2, n_components)),
        used=cells,
        low=~cells,
        keys=np.zeros(2, np.uint64),
        order=np.arange(2),
    )
    outcome = Outcome.empty(2, ["x"])
    outcome.groups, outcome.references = list(groups), list(references)
    return " ".join(call_in_words(experiment, outcome, 0.1))


def test_components_are_said_to_be_used_where_they_are():
    used = in_words([group_facts(components_used=True), group_facts(group="off drug")])
    assert "In group 'on', the shift also learned from 20 principal components" in used
    assert "off drug" not in used
    unused = in_words([group_facts()])
    assert "not used, because cells that were kept apart showed no second" in unused
    few = in_words([group_facts(second_population=np.nan)])
    assert "not used, because there were too few cells" in few
    assert "principal components" not in in_words([group_facts()], n_components=0)
    assert "rate of 10% within each group" in unused


def test_public_libraries_are_named_where_the_margin_rests_on_them():
    assert "public replicate libraries (Smyth" in in_words([group_facts()])
    alone = in_words([group_facts(prior_freedom=0.0)])
    assert "from the variance between reference samples. " in alone


@pytest.mark.parametrize("freedom", [0.9, 0.0])
def test_the_error_rate_names_public_libraries_where_it_rests_on_them(freedom):
    outcome = Outcome.empty(2, ["x"])
    outcome.groups.append(group_facts(prior_freedom=freedom))
    said = " ".join(result._error_rate(outcome, 0.05))
    assert WRONG in said
    assert ("and public replicate libraries do" in said) == (freedom > 0)
    assert ("as the reference samples do" in said) == (freedom == 0)


def test_untreated_cells_are_counted_where_there_are_calls():
    assert "Clopper and Pearson" in in_words([group_facts(n_called=3)])
    assert "Clopper and Pearson" not in in_words([group_facts(n_called=0)])


def test_batches_of_both_kinds_are_told_apart():
    both = in_words([group_facts(), group_facts(batch="B", basis="inside samples")])
    assert "Where there are several reference samples, a shift was learned" in both
    assert "Where there is one reference library, its halves were held out" in both
    alone = in_words([group_facts(basis="inside samples")])
    assert "shift was learned" not in alone
    assert "Because there is one reference library" in alone


def test_the_check_of_reference_samples_is_said_where_it_was_made():
    rows = [{"called_share": 0.0}, {"called_share": np.nan}]
    assert "each of 1 reference samples" in in_words([group_facts()], references=rows)
    assert "As a check" not in in_words([group_facts()], references=rows[1:])


@pytest.mark.parametrize(
    ("kind", "wanted", "sentence"),
    [
        ("deep", True, THINNED),
        ("same", True, "No counts were thinned"),
        ("deep", False, "Libraries were not matched in depth."),
        ("log", True, "because the values are not counts"),
        ("decimals", True, "Counts were rounded to whole numbers. Counts were thinned"),
    ],
)
def test_depth_is_described_as_it_was_treated(kind, wanted, sentence):
    total = np.full(40, 1000.0)
    total[20:] *= 1 if kind == "same" else 3
    kinds = {"log": "log", "decimals": "fractional counts"}
    values = Values(kinds.get(kind, "counts"), kind != "decimals", 0, 9, 40, "")
    frame = pd.DataFrame({"arm": ["a"] * 20 + ["b"] * 20}, index=map(str, range(40)))
    design = read_design(frame, CallOptions(groupby="arm", reference="a").keys)
    found = match_depth(design, np.ones(40, bool), total, values, wanted=wanted)
    assert sentence in found.methods[0]
    assert found.thins == ("thinned at random" in found.methods[0])


def test_species_is_named_where_genes_were_matched_by_ortholog():
    panel = choose()
    assert "ortholog" not in features._in_words(panel, "human")
    assert "genes matched to mouse by ortholog" in features._in_words(panel, "mouse")


def test_a_record_is_read_as_it_was_written(tmp_path):
    made = called()
    before = record_of(made)
    made.write_h5ad(tmp_path / "called.h5ad")
    import anndata as ad

    after = record_of(ad.read_h5ad(tmp_path / "called.h5ad"))
    assert after.methods == before.methods
    assert after.keys == before.keys
    assert after.keys.reference == "parental"
    assert after.keys.holiday == ()
    assert after.keys.batch_key is None
    assert (after.alpha, after.held_out) == (0.05, True)
    assert after.matrix_values == before.matrix_values
    assert after.returned is None
    pd.testing.assert_frame_equal(after.samples, before.samples, check_dtype=False)
    with pytest.raises(DataError, match=r"Run dtpscore\.tl\.call again"):
        CallRecord.from_uns({"params": {}})


def test_no_none_is_written():
    def values(entry):
        inner = entry.values() if isinstance(entry, dict) else ()
        return [entry, *(one for part in inner for one in values(part))]

    for case in ("counts", "no reference"):
        assert all(value is not None for value in values(calls(case).uns["dtp_call"]))


def test_counts_with_decimals_are_called_like_counts():
    plain, decimals = calls("counts"), calls("decimals")
    assert record_of(decimals).matrix_values.kind == "fractional counts"
    found = np.corrcoef(plain.obs[_keys.SHIFT], decimals.obs[_keys.SHIFT])[0, 1]
    assert found > 0.9
    state = plain.obs[_keys.CALL].astype(str) == decimals.obs[_keys.CALL].astype(str)
    assert state.mean() > 0.9


@pytest.mark.parametrize(("room", "n_draws"), [(2**29, 5), (1000, 7), (0, 10)])
def test_counts_are_drawn_once_while_there_is_room(monkeypatch, room, n_draws):
    """Rows that are read again have the same counts, in other pieces as well."""
    assert depth._MOST_KEPT == 2**29
    monkeypatch.setattr(depth, "_MOST_KEPT", room)
    drawn, draw = [], depth._Draws._drawn

    def seen(self, block, start, stop):
        drawn.append((start, stop))
        return draw(self, block, start, stop)

    monkeypatch.setattr(depth._Draws, "_drawn", seen)
    rng = np.random.default_rng(0)
    counts = sp.csr_matrix(rng.poisson(0.5, (50, 40)) * rng.integers(1, 300, (50, 1)))
    names = [f"cell{number}" for number in range(50)]
    share = np.where(np.arange(50) % 4 == 0, 1.0, 0.4)
    source = depth.thinned(counts, share, names, seed=3)
    one, four = (
        depth.thinned(counts, share, names, seed=3, n_jobs=number).read(0, 50)
        for number in (1, 4)
    )
    np.testing.assert_array_equal(one.toarray(), four.toarray())
    drawn.clear()

    def read(size):
        parts = source.blocks(chunk_size=size)
        return np.concatenate([np.asarray(part.data) for part in parts])

    first = read(10)
    np.testing.assert_array_equal(first, read(10))
    assert len(drawn) == n_draws
    np.testing.assert_array_equal(first, read(7))
    assert first.sum() < 0.7 * counts.sum()


def test_all_cells_of_decimals_are_rounded_where_any_is_thinned():
    counts = np.array([[1.4, 0.3, 2.6], [20.2, 10.0, 9.7]])
    source = depth.thinned(counts, np.array([1.0, 0.5]), ["a", "b"], seed=0)
    rows = source.read(0, 2).toarray()
    assert rows[0].tolist() == [1, 0, 3]
    assert (rows == np.rint(rows)).all()
    assert rows[1].sum() < 40


def test_an_own_signature_can_be_the_index(make_signature):
    genes = dtp.signatures.load("dtp_consensus_no_cycle").genes.up[:60]
    own = make_signature("mine", genes)
    found = run(easy(), index=own, copy=True)
    assert record_of(found).index == "mine"
    assert "mine" in record_of(found).coverage.index
    assert record_of(run(easy(), index={"up": list(genes)}, copy=True))
    with pytest.raises(SignatureError, match="must be one signature, not 2"):
        run(easy(), index=["hallmark_hypoxia", "dtp_consensus_no_cycle"])
    with pytest.raises(SignatureError, match="as a shipped signature of other genes"):
        run(easy(), index=make_signature("hallmark_hypoxia", genes))
    assert with_columns(found, a=1).uns["dtp_call"]["params"]["index"] == "mine"
