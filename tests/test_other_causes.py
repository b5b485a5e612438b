"""Whether stress, dying cells or foreign RNA can explain calls."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy import stats
from small_calls import DESIGN, easy, record_of, run

import dtpscore as dtp
from dtpscore import signatures
from dtpscore._calling.cause_parts import Parts, by_sample
from dtpscore._calling.other_causes import (
    CAUSES,
    NOT_MEASURED,
    STRESS,
    compare,
    sentence,
)
from dtpscore._calling.soup import mixtures, sums_by_code
from dtpscore.errors import DataError


def rng(seed=0):
    return np.random.default_rng(seed)


def test_rows_are_summed_by_code():
    matrix = sp.random(50, 7, density=0.5, format="csr", random_state=0)
    code = rng().integers(-1, 4, 50)
    found = sums_by_code(matrix, code, 4)
    expected = [matrix.toarray()[code == one].sum(axis=0) for one in range(4)]
    np.testing.assert_allclose(found, expected)


def test_the_share_of_a_soup_is_found():
    own, soup = rng().dirichlet(np.ones(2000), 2)
    before = rng(1).poisson(2e5 * own, (3, 2000)).astype(float)
    doses = np.array([0.0, 0.05, 0.2])[:, None]
    after = rng(2).poisson(2e5 * ((1 - doses) * own + doses * soup)).astype(float)
    held_out, found = mixtures(before, 1e3 * soup, after)
    np.testing.assert_allclose(held_out.explained, 0, atol=0.02)
    assert abs(found.explained[0]) < 0.02
    assert found.explained[2] > found.explained[1] > 0.1
    assert found.share[2] > 0.1


def test_a_change_toward_another_profile_is_no_soup():
    """Any change leads a little toward any other profile; this is taken off."""
    own, soup, other = rng().dirichlet(np.ones(2000), 3)
    before = rng(1).poisson(2e5 * own, (3, 2000)).astype(float)
    _, found = mixtures(before, soup, 2e5 * (0.6 * own + 0.4 * other)[None])
    assert abs(found.explained[0]) < 0.02


def parts(reference, called, others=None, **more):
    called = np.asarray(called, float)
    others = np.full(len(called), np.nan) if others is None else np.asarray(others)
    return Parts(np.asarray(reference, float), called, others, **more)


def test_called_cells_are_compared_with_untreated_samples():
    before, after = [1.0, 1.2, 0.9], [2.0, 2.3, 1.9]
    found = compare(parts(before, after, [1.0, 1.1, 1.1]), CAUSES["stress"], 0.05)
    assert found["difference"] == pytest.approx(np.mean(after) - np.mean(before))
    assert found["pvalue"] == pytest.approx(stats.ttest_ind(after, before).pvalue)
    gaps = np.subtract(after, [1.0, 1.1, 1.1])
    low, high = stats.t.interval(0.95, 2, gaps.mean(), stats.sem(gaps))
    assert found["within_low"] == pytest.approx(low)
    assert found["within_high"] == pytest.approx(high)
    assert found["can_explain"]
    # Less of it explains nothing, and neither does a difference by chance.
    assert not compare(parts(after, before), CAUSES["stress"], 0.05)["can_explain"]
    assert not compare(parts(before, after), CAUSES["stress"], 1e-9)["can_explain"]


def test_one_sample_is_compared_with_the_cells_beside_them():
    cells = (np.array([3.0, 4.0, 5.0, 4.0]), np.array([1.0, 2.0, 1.0, 0.0]))
    found = compare(
        parts([1.0, 1.1], [4.0], [1.0], cells=cells), CAUSES["stress"], 0.05
    )
    assert found["within"] == pytest.approx(3)
    assert found["within_low"] > 0
    alone = compare(parts([1.0, 1.1], [4.0], [1.0]), CAUSES["stress"], 0.05)
    assert np.isnan(alone["within_low"])


def test_one_untreated_sample_explains_nothing():
    found = compare(parts([1.0], [9.0]), CAUSES["stress"], 0.05)
    assert np.isnan(found["pvalue"])
    assert not found["can_explain"]


def test_depth_explains_only_where_the_other_cells_of_the_samples_are_deeper():
    """Samples differ in depth for technical reasons."""
    before, after = [0.04, 0.06, 0.05], [0.4, 0.5, 0.45]
    for others, explains in (
        ([0.4, 0.5, 0.44], False),
        ([0.05, 0.06, 0.04], True),
        ([np.nan] * 3, False),
    ):
        found = compare(parts(before, after, others), CAUSES["depth"], 0.05)
        assert found["can_explain"] is explains
        assert compare(parts(before, after, others), CAUSES["stress"], 0.05)[
            "can_explain"
        ]


def test_the_words_say_what_was_measured():
    row = compare(parts([0.01, 0.012], [0.2, 0.21], soup=0.1), CAUSES["ambient"], 0.05)
    assert sentence(row, CAUSES["ambient"]) == (
        "ambient RNA makes 20.5% of the difference of called from untreated cells "
        f"(1.1% untreated, p = {row['pvalue']:.2g} over samples), and 10.0% of the "
        "counts of called cells. This can explain a part of the calls: soup does this."
    )
    row = compare(
        parts([0.01, 0.012], [0.2, 0.21], [0.2, 0.22]), CAUSES["mitochondrial"], 0.05
    )
    said = sentence(row, CAUSES["mitochondrial"])
    assert "20.5% of the called cells have a larger mitochondrial share" in said
    assert "; 21.0% of the other treated cells)" in said
    assert "dying cells" in said


def test_other_treated_cells_are_witnesses_of_soup_alone():
    """A state that moves called cells elsewhere hides the soup in them."""
    given = parts([0.01, 0.012, 0.011], [0.01, 0.02, 0.0], [0.2, 0.19, 0.21], soup=0.1)
    found = compare(given, CAUSES["ambient"], 0.05)
    assert found["can_explain"]
    assert "makes 20.0% of the difference of the other treated from" in sentence(
        found, CAUSES["ambient"]
    )
    assert not compare(given, CAUSES["stress"], 0.05)["can_explain"]
    # Two looks share the level.
    assert not compare(given, CAUSES["ambient"], found["other_pvalue"])["can_explain"]
    twice = compare(given, CAUSES["ambient"], 2.01 * found["other_pvalue"])
    assert twice["can_explain"]


def test_cells_beyond_the_range_of_the_other_untreated_samples_are_counted():
    library = np.repeat([0, 1, 2], 100)
    values = np.concatenate([np.arange(100), np.arange(100) + 10, np.full(100, 200)])
    reference, called = library < 2, library == 2
    found = by_sample(
        values.astype(float),
        library,
        called=called,
        treated=called,
        reference=reference,
    )
    # 95% of the second sample are at 104.05 or below, and of the first at 94.05.
    assert found.reference.tolist() == [0.0, 0.15]
    assert found.called.tolist() == [1.0]
    one = np.where(library == 1, 0, library)
    assert (
        by_sample(
            values.astype(float),
            one,
            called=called,
            treated=called,
            reference=reference,
        )
        is None
    )


def test_samples_with_few_called_cells_do_not_count():
    library = np.repeat([0, 1, 2, 3], 20)
    reference = library < 2
    called = ~reference & (np.arange(80) % 20 < np.where(library == 2, 9, 10))
    given = {"called": called, "treated": ~reference, "reference": reference}
    found = by_sample(np.arange(80.0), library, **given)
    assert len(found.called) == len(found.others) == 1
    assert by_sample(np.full(80, np.nan), library, **given) is None


def counts_of(data):
    return data.X.toarray().astype(np.float64)


def with_counts(data, counts):
    data.X = sp.csr_matrix(counts.astype(np.float32))
    return data


def said(data, **more):
    found = run(data, copy=True, **more)
    record = record_of(found)
    explained = record.other_causes.set_index("measure")["can_explain"]
    texts = " ".join(record.messages)
    assert explained.any() == ("can explain a part of the calls" in texts)
    return set(explained.index[explained]), texts


def soup_of(data):
    """A profile of other cells: the mean expression, shuffled over genes."""
    mean = counts_of(data).mean(axis=0)
    return rng(5).permutation(mean / mean.sum())


def test_clean_cells_have_no_other_cause():
    data = easy().copy()
    data.var["soup"] = soup_of(data)
    found, texts = said(data, ambient_key="soup")
    assert not found
    assert "can explain" not in texts


def test_what_was_not_measured_is_said():
    """With one untreated sample nobody knows how such samples differ."""
    data = dtp.datasets.simulate(
        n_cells=3600, n_genes=4600, days=(7,), holiday_day=None, seed=3
    )
    first = data.obs.groupby("condition", observed=True)["sample"].first()
    data = data[data.obs["sample"].isin(first)].copy()
    found = run(data, copy=True, alpha=0.1)
    assert (found.obs["dtp_qvalue"] <= 0.1).any()
    assert record_of(found).other_causes is None
    assert NOT_MEASURED in " ".join(record_of(found).messages)
    assert NOT_MEASURED not in said(easy())[1]


def test_soup_that_is_made_of_the_called_cells_explains_nothing():
    given = [0.01, 0.012, 0.011], [0.2, 0.19, 0.21]
    for soup, explains in ((0.5, True), (0.51, False)):
        found = compare(parts(*given, soup=soup), CAUSES["ambient"], 0.05)
        assert found["can_explain"] is explains
    data = easy().copy()
    data.var["soup"] = counts_of(data).mean(axis=0)
    assert CAUSES["ambient"].name not in said(data, ambient_key="soup")[0]


def test_ambient_rna_is_found_where_its_profile_is_known(tmp_path):
    data = easy().copy()
    counts, soup = counts_of(data), soup_of(data)
    treated = (data.obs["condition"] == "treated").to_numpy()
    counts[treated] += rng(6).poisson(
        0.2 * counts[treated].sum(axis=1, keepdims=True) * soup
    )
    data.var["soup"] = soup
    found, texts = said(with_counts(data, counts), ambient_key="soup")
    assert CAUSES["ambient"].name in found
    assert "ambient RNA makes" in texts
    page = tmp_path / "report.html"
    dtp.report(run(data, ambient_key="soup", copy=True), page)
    text = page.read_text(encoding="utf-8")
    assert "What can pass for a state" in text
    assert "ambient RNA makes" in text


def test_rna_of_the_other_cell_types_is_found():
    data = easy().copy()
    counts, soup = counts_of(data), soup_of(data)
    treated = (data.obs["condition"] == "treated").to_numpy()
    depth = counts.sum(axis=1, keepdims=True)
    counts[treated] += rng(6).poisson(0.2 * depth[treated] * soup)
    data.obs["type"] = "tumor"
    others = np.arange(data.n_obs) % 8 == 0
    data.obs.loc[others, "type"] = "stroma"
    counts[others] = rng(7).poisson(depth[others] * soup)
    data = with_counts(data, counts)
    found, _ = said(data, cell_type_key="type", malignant="tumor")
    assert CAUSES["other_types"].name in found


def test_dying_and_stressed_cells_are_found():
    data = easy().copy()
    counts = counts_of(data)
    treated = (data.obs["condition"] == "treated").to_numpy()
    mito = data.var_names.str.startswith("MT-")
    stress = data.var_names.isin(signatures.load(STRESS).genes.up)
    assert mito.any()
    assert stress.sum() > 20
    for genes, fold, cause in ((mito, 60, "mitochondrial"), (stress, 3, "stress")):
        changed = counts.copy()
        changed[np.ix_(treated, genes)] *= fold
        found, _ = said(with_counts(easy().copy(), changed))
        assert CAUSES[cause].name in found


def test_a_profile_has_to_be_one():
    data = easy()[:, :].copy()
    with pytest.raises(DataError, match="var has no column 'soup'"):
        run(data, ambient_key="soup")
    for values in (np.zeros(data.n_vars), np.full(data.n_vars, -1.0), "x"):
        data.var["soup"] = values
        with pytest.raises(DataError, match="is no profile of empty droplets"):
            run(data, ambient_key="soup")


def test_measuring_changes_no_call():
    data = easy().copy()
    plain = run(data, copy=True)
    data.var["soup"] = soup_of(data)
    found = run(data, ambient_key="soup", copy=True)
    for name in ("dtp_call", "dtp_pvalue", "dtp_qvalue"):
        pd.testing.assert_series_equal(plain.obs[name], found.obs[name])


def test_a_command_refuses_a_wrong_profile_before_it_begins():
    from dtpscore._files.ready import check_options
    from dtpscore._options.call import CallOptions

    with pytest.raises(DataError, match="var has no column"):
        check_options(easy(), CallOptions(**DESIGN, ambient_key="soup"))
