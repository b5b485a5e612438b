"""What could be tried: moves, targets, ranks, drug signatures, and where they show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore._calling.states import DTP_LIKE, PARENTAL_LIKE
from dtpscore._vulnerabilities import rank
from dtpscore._vulnerabilities.moves import (
    against_like_genes,
    claims,
    gene_moves,
    signature_values,
)
from dtpscore.errors import (
    DataError,
    InputWarning,
    OptionError,
    ResultError,
    SignatureError,
)

DESIGN = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}


@pytest.fixture(scope="module")
def simulated():
    made = dtp.datasets.simulate(
        n_cells=600, n_genes=4600, days=(14,), holiday_day=None, seed=1
    )
    dtp.tl.score(made)
    return made


def truth(adata, way):
    """Genes that the simulation moves that way."""
    effect = way * adata.var["true_effect"].to_numpy()
    return list(adata.var_names[effect > 0.8][:50])


@pytest.fixture(scope="module")
def looked(simulated):
    up, down = truth(simulated, 1), truth(simulated, -1)
    drugs = {
        "reverser": {"up": down, "down": up},
        "mimic": {"up": up, "down": down},
        "up_only": {"up": down},
    }
    return dtp.tl.vulnerabilities(simulated, drugs=drugs, copy=True, **DESIGN)


def test_every_published_row_stands_once_in_each_arm(looked):
    table = dtp.get.vulnerabilities(looked)
    published = dtp.signatures.vulnerabilities()
    assert len(table) == len(published)
    assert sorted(table["paper"]) == sorted(published["paper"])
    assert table["rank"].is_monotonic_increasing
    assert table["rank"].iloc[0] == 1


def test_axes_are_compared_with_samples_as_the_unit(simulated, looked):
    axes = dtp.get.vulnerabilities(looked, kind="axes").set_index("axis")
    values = dtp.get.axes(simulated)["slow_cycling"].to_numpy(dtype=float)
    treated = (simulated.obs["condition"] == "treated").to_numpy()
    values = (values - values[~treated].mean()) / values[~treated].std(ddof=1)
    samples = simulated.obs["sample"].to_numpy(dtype=str)
    means = {one: values[samples == one].mean() for one in np.unique(samples)}
    on_drug = [mean for name, mean in means.items() if name.startswith("treated")]
    off = [mean for name, mean in means.items() if name.startswith("parental")]
    from scipy import stats

    row = axes.loc["slow_cycling"]
    assert row["difference"] == pytest.approx(np.mean(on_drug) - np.mean(off), rel=1e-4)
    assert row["pvalue"] == pytest.approx(
        stats.ttest_ind(on_drug, off).pvalue, rel=1e-3
    )
    assert row["n_samples"] == 3


def test_target_genes_are_those_of_the_matrix(simulated, looked):
    genes = dtp.get.vulnerabilities(looked, kind="genes").set_index("symbol")
    treated = simulated[(simulated.obs["condition"] == "treated").to_numpy()]
    sums = np.asarray(treated.X.sum(axis=0)).ravel()
    gene = genes.index[genes["cpm"] > 0][0]
    place = simulated.var_names.get_loc(genes.loc[gene, "gene"])
    assert genes.loc[gene, "cpm"] == pytest.approx(sums[place] / sums.sum() * 1e6)
    assert set(genes["cells"]) == {"all"}


def test_drug_signatures_that_are_reversed_are_found(looked):
    drugs = dtp.get.vulnerabilities(looked, kind="drugs").set_index("drug")
    assert drugs.loc["reverser", "difference"] < -1
    assert drugs.loc["reverser", "qvalue"] < 0.05
    assert "against the change" in drugs.loc["reverser", "reading"]
    assert "the way the cells changed" in drugs.loc["mimic", "reading"]
    assert drugs.loc["up_only", "n_down"] == 0
    assert drugs.loc["up_only", "difference"] < 0


def test_a_shift_of_all_genes_of_a_level_is_no_change():
    rng = np.random.default_rng(0)
    base = np.repeat(np.linspace(0, 10, 25), 40)
    profiles = base + 0.1 * rng.standard_normal((4, 1000))
    # Weak genes of the treated samples are lower, as with less depth.
    profiles[2:] -= np.maximum(0, 5 - base) / 5
    change = against_like_genes(profiles, np.array([True, True, False, False]))
    weak, strong = list(range(50)), list(range(950, 1000))
    values = signature_values(change, weak, strong)
    assert abs(values[2:].mean()) < 0.1
    assert np.mean(profiles[2:, weak] - base[weak]) < -0.8


@pytest.mark.slow
@pytest.mark.parametrize("paired", [False, True])
def test_drug_signatures_and_genes_keep_their_level_without_a_change(paired):
    rng = np.random.default_rng(1)
    treated = np.arange(8) >= 4
    pair = np.tile(np.arange(4), 2) if paired else None
    claimed, moved = [], []
    for _ in range(150):
        base = rng.uniform(2, 10, 400)
        patient = rng.standard_normal((4, 400)) if paired else np.zeros((4, 400))
        profiles = base + np.tile(patient, (2, 1)) + 0.5 * rng.standard_normal((8, 400))
        change = against_like_genes(profiles, ~treated)
        columns = rng.permutation(400)
        values = signature_values(change, columns[:30], columns[30:60])
        claimed.append(claims(values[:, None], treated, pair).pvalue[0] <= 0.05)
        moved.append((gene_moves(profiles, treated, pair).pvalue <= 0.05).mean())
    assert np.mean(claimed) == pytest.approx(0.05, abs=0.05)
    assert np.mean(moved) == pytest.approx(0.05, abs=0.01)


def test_one_sample_in_each_arm_shows_and_tests_nothing(simulated):
    one = simulated[simulated.obs["replicate"] == "r1"].copy()
    with pytest.warns(InputWarning, match="too few samples"):
        dtp.tl.vulnerabilities(one, drugs={"a": truth(one, 1)}, **DESIGN)
    genes = dtp.get.vulnerabilities(one, kind="genes")
    assert genes["pvalue"].isna().all()
    assert genes["difference"].notna().any()
    table = dtp.get.vulnerabilities(one)
    assert set(table["axis_state"]) == {rank.NOT_TESTED}
    drugs = dtp.get.vulnerabilities(one, kind="drugs")
    assert drugs["reading"].tolist() == ["not tested: too few samples"]


def entry(**changed):
    row = {
        "axis": "slow_cycling",
        "genes": "AXL, GAS6",
        "effect": "kills",
        "evidence": "animal",
        "read": "abstract",
        "caveat": "",
        "target": "x",
    }
    return {**row, **changed}


def gene_frame(**changed):
    row = {"symbol": "AXL", "cpm": 50.0, "difference": 1.0, "qvalue": 0.01}
    return pd.DataFrame([{**row, **changed}])


def test_what_speaks_against_is_said():
    move = {"difference": -1.0, "qvalue": 0.001}
    told = rank.contradicts(
        entry(caveat="in mice"), move, gene_frame(), context=(), alpha=0.05
    )
    assert "slow_cycling moved down, and published contrasts say up" in told
    assert told.endswith("in mice")
    quiet = rank.contradicts(
        entry(),
        {"difference": 1.0, "qvalue": 0.001},
        gene_frame(),
        context=(),
        alpha=0.05,
    )
    assert quiet == ""
    weak = gene_frame(cpm=rank.EXPRESSED - 0.1, difference=-1.0)
    told = rank.contradicts(entry(), {}, weak, context=(), alpha=0.05)
    assert "hardly expressed" in told
    assert "AXL is down (log2 -1.00)" in told
    told = rank.contradicts(
        entry(effect="re-awakens", genes="ZZZ"),
        {"difference": 1.0, "qvalue": 0.2},
        gene_frame(),
        context=(),
        alpha=0.05,
    )
    assert "is not shown to move" in told
    assert "no gene of the target" in told
    assert "wakes dormant cells" in told
    told = rank.contradicts(
        entry(axis="melanoma_ncsc"), {}, gene_frame(), context=(), alpha=0.05
    )
    assert told == "melanoma_ncsc is read in its tumor type alone"


def test_rows_are_ordered_by_evidence():
    base = {"axis_state": rank.MOVED, "target_state": rank.SHOWN, "evidence": "animal"}
    base = {**base, "read": "review", "effect": "kills"}
    rows = [
        {**base, "axis_state": rank.NOT_TESTED, "evidence": "trial", "name": "f"},
        {**base, "axis_state": rank.NOT_SHOWN, "evidence": "trial", "name": "e"},
        {**base, "target_state": rank.WEAK, "name": "d"},
        {**base, "evidence": "cell line", "name": "c"},
        {**base, "name": "b"},
        {**base, "read": "abstract", "name": "a"},
        {**base, "name": "b2"},
    ]
    table = rank.ordered(rows)
    assert table["name"].tolist() == ["a", "b", "b2", "c", "d", "e", "f"]
    assert table["rank"].tolist() == [1, 2, 2, 4, 5, 6, 7]


@pytest.mark.slow
def test_called_cells_are_looked_at_where_there_are_calls(simulated):
    called = simulated.copy()
    state = np.where(called.obs["true_state"] == "DTP", DTP_LIKE, PARENTAL_LIKE)
    called.obs["dtp_call"] = pd.Categorical(state)
    dtp.tl.vulnerabilities(called, **DESIGN)
    genes = dtp.get.vulnerabilities(called, kind="genes")
    assert set(genes["cells"]) == {"called"}
    dtp.tl.vulnerabilities(called, cells="all", key_added="whole", **DESIGN)
    whole = dtp.get.vulnerabilities(called, kind="genes", key="whole")
    assert set(whole["cells"]) == {"all"}


@pytest.mark.slow
def test_each_patient_by_itself_and_patients_as_pairs(simulated):
    made = simulated.copy()
    dtp.tl.vulnerabilities(made, batch_key="replicate", cells="all", **DESIGN)
    table = dtp.get.vulnerabilities(made)
    assert set(table["batch"]) == {"r1", "r2", "r3"}
    dtp.tl.vulnerabilities(made, pair_key="replicate", key_added="pairs", **DESIGN)
    paired = dtp.get.vulnerabilities(made, kind="axes", key="pairs").set_index("axis")
    plain = dtp.tl.vulnerabilities(made, copy=True, **DESIGN)
    plain = dtp.get.vulnerabilities(plain, kind="axes").set_index("axis")
    assert paired.loc["emt", "difference"] == pytest.approx(
        plain.loc["emt", "difference"], rel=1e-6
    )
    assert paired.loc["emt", "pvalue"] != plain.loc["emt", "pvalue"]


@pytest.mark.slow
def test_what_cannot_be_done_is_said(simulated, looked):
    with pytest.raises(SignatureError, match="No contrast is about 'AML'"):
        dtp.tl.vulnerabilities(simulated, context="AML", **DESIGN)
    with pytest.raises(OptionError, match="cells must be one of"):
        dtp.tl.vulnerabilities(simulated, cells="some", **DESIGN)
    with pytest.raises(OptionError, match="kind must be one of"):
        dtp.get.vulnerabilities(looked, kind="wings")
    with pytest.raises(DataError, match="No group 'wings'"):
        dtp.get.vulnerabilities(looked, group="wings")
    with pytest.raises(ResultError, match="no arm to look at"):
        dtp.tl.vulnerabilities(simulated, holiday="treated", **DESIGN)
    plain = dtp.tl.vulnerabilities(simulated, copy=True, **DESIGN)
    with pytest.raises(DataError, match="No drug signatures were given"):
        dtp.get.vulnerabilities(plain, kind="drugs")


@pytest.mark.slow
def test_results_survive_a_file_and_show_in_plot_and_report(looked, tmp_path):
    import anndata as ad

    looked.write_h5ad(tmp_path / "x.h5ad")
    back = ad.read_h5ad(tmp_path / "x.h5ad")
    pd.testing.assert_frame_equal(
        dtp.get.vulnerabilities(back).astype(object),
        dtp.get.vulnerabilities(looked).astype(object),
        check_index_type=False,
    )
    few = dtp.pl.vulnerabilities(back, n_genes=3, show=False)
    ax = dtp.pl.vulnerabilities(back, show=False)
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert [text.get_text() for text in few.get_yticklabels()] == names[:3]
    assert len(ax.get_yticklabels()) == 20
    with pytest.raises(DataError, match="No target gene 'wings'"):
        dtp.pl.vulnerabilities(back, order=["wings"], show=False)
    dtp.report(
        looked,
        tmp_path / "r.html",
        groupby="condition",
        reference="parental",
        tables=tmp_path / "t",
    )
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "What could be tried" in text
    assert "nothing here is a recommendation" in text
    names = {one.name for one in (tmp_path / "t").iterdir()}
    assert {"vulnerabilities.csv", "target_genes.csv", "drug_signatures.csv"} <= names


@pytest.mark.slow
def test_a_panel_without_target_genes_still_shows_axes(simulated):
    published = dtp.signatures.vulnerabilities()["genes"]
    targets = {one.strip() for text in published for one in text.split(",")}
    few = simulated[:, ~simulated.var_names.isin(targets)].copy()
    dtp.tl.vulnerabilities(few, **DESIGN)
    table = dtp.get.vulnerabilities(few)
    assert set(table["target_state"]) == {rank.ABSENT, rank.PROCESS}
    assert (table["axis_state"] == rank.MOVED).any()
    with pytest.raises(DataError, match="No target gene"):
        dtp.pl.vulnerabilities(few, show=False)


def test_a_bridge_to_pertpy_has_genes_as_the_index(looked):
    """The frame that the documentation hands to pertpy is what it takes."""
    from anndata import AnnData

    genes = dtp.get.vulnerabilities(looked, kind="genes")
    handed = AnnData(var=genes.drop_duplicates("symbol").set_index("symbol"))
    assert "AXL" in handed.var_names
    assert handed.n_obs == 0
