"""The sentences of an order's record are true in each case; nothing in it is None."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import scipy.sparse as sp
from scipy.stats import spearmanr
from small_paths import easy, order, plain_order

import dtpscore as dtp
from dtpscore._ordering.record import OrderRecord, TrendsRecord

pytestmark = pytest.mark.slow

LEFT_OUT = "were left out"
SCALED = "scaled to a sum of 10,000 and log-transformed"


def small():
    return easy()[::3].copy()


def methods(adata):
    return " ".join(adata.uns["dtp_pseudotime"]["methods"])


def logged(adata):
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


@pytest.fixture(scope="module")
def learned():
    return order(small())


@pytest.fixture(scope="module")
def diffused():
    return plain_order(small())


def test_learned_order(learned):
    said = methods(learned)
    record = learned.uns["dtp_pseudotime"]
    assert record["values"] == "counts"
    assert f"Counts of each cell were {SCALED}" in said
    assert LEFT_OUT in said
    assert "Signatures were matched to human genes." in said
    assert f"The root is the cell {record['root']}, the medoid of the" in said
    assert "in the lowest third of the index (the consensus axis)" in said
    assert "learned from the times 0, 3, 7, 14 by ordinal" in said
    assert "the other replicate series (series are r1, r2, r3)" in said
    assert "Cells of holiday were sampled off the drug" in said
    assert "no part in what was learned from time" in said
    assert "diffusion pseudotime (Haghverdi" not in said
    assert record["validated"]


def test_diffusion_pseudotime(diffused):
    said = methods(diffused)
    assert "diffusion pseudotime (Haghverdi et al. 2016" in said
    assert "10 diffusion components of a graph of the 30 nearest neighbors" in said
    assert "on the principal components" in said
    assert "There are no two times" in said
    assert "ordinal" not in said
    assert "holiday" not in said
    # Samples were not named, so they did not steer the components.
    assert "Differences between samples" not in said
    assert not diffused.uns["dtp_pseudotime"]["validated"]


def test_differences_between_samples_are_said_where_they_are_known(learned):
    assert "with 50% of their size" in methods(learned)


def test_log_values_were_not_transformed():
    said = methods(plain_order(logged(small())))
    assert "taken as log-normalized expression and used as they are" in said
    assert SCALED not in said


@pytest.mark.parametrize("brought", ["use_rep", "neighbors_key"])
def test_what_the_user_brings(brought):
    adata = logged(small())
    sc.pp.pca(adata, n_comps=5)
    sc.pp.neighbors(adata)
    adata.X = small().X
    name = {"use_rep": "X_pca", "neighbors_key": "neighbors"}[brought]
    said = methods(plain_order(adata, **{brought: name}))
    if brought == "use_rep":
        assert "nearest neighbors on the representation 'X_pca' of the user" in said
        assert LEFT_OUT not in said
        assert "principal components" not in said
    else:
        assert "diffusion components of the neighbor graph 'neighbors' of the" in said
        assert "nearest neighbors on" not in said


def test_index_species_and_cell_types():
    adata = small()
    adata.var_names = [name.capitalize() for name in adata.var_names]
    adata.obs["my_index"] = adata.obs["true_progress"].astype(float)
    adata.obs["kind"] = np.where(np.arange(adata.n_obs) % 4, "tumor", "T cell")
    plain_order(
        adata,
        species="mouse",
        index_key="my_index",
        cell_type_key="kind",
        malignant="tumor",
    )
    said = methods(adata)
    assert "Signatures were matched to mouse genes." in said
    assert "in the lowest third of the index (obs['my_index'])" in said
    tumor = (adata.obs["kind"] == "tumor").to_numpy()
    assert f"Only the {tumor.sum()} cells took part whose kind is tumor." in said
    assert adata.obs.loc[tumor, "dtp_pseudotime"].notna().all()
    assert adata.obs.loc[~tumor, "dtp_pseudotime"].isna().all()


def test_only_malignant_cells_give_the_order_of_these_cells_alone():
    adata = small()
    tumor = np.arange(adata.n_obs) % 4 > 0
    adata.obs["kind"] = np.where(tumor, "tumor", "T cell")
    # Cells that take no part would change every mean if they were read.
    adata.X[~tumor] *= 50
    alone = order(adata[tumor].copy())
    order(adata, cell_type_key="kind", malignant="tumor")
    ours = adata.obs.loc[tumor].filter(like="dtp_")
    pd.testing.assert_frame_equal(ours, alone.obs.filter(like="dtp_"))
    dtp.tl.trends(adata, n_permutations=19, n_bootstrap=19)
    dtp.tl.trends(alone, n_permutations=19, n_bootstrap=19)
    pd.testing.assert_frame_equal(
        adata.uns["dtp_trends"]["features"], alone.uns["dtp_trends"]["features"]
    )


def test_one_series_is_said_not_to_be_held_out():
    adata = small()
    order(adata, replicate_key=None, method="ordinal")
    said = methods(adata)
    assert "split into 5 random parts" in said
    assert "does not hold out a replicate" in said
    assert "replicate series" not in said
    assert not adata.uns["dtp_pseudotime"]["validated"]


@pytest.mark.slow
def test_times_as_people_write_them(learned):
    written = small()
    days = written.obs["day"].astype(int)
    written.obs["day"] = [f"d{day}" if day % 2 else f"{24 * day} h" for day in days]
    order(written)
    np.testing.assert_array_equal(
        written.obs["dtp_pseudotime"], learned.obs["dtp_pseudotime"]
    )
    record = OrderRecord.from_uns(written.uns["dtp_pseudotime"])
    assert dict(zip(record.times["written"], record.times["value"], strict=True)) == {
        "0 h": 0,
        "d3": 3,
        "d7": 7,
        "336 h": 14,
    }
    assert "Times were read as" in " ".join(record.methods)
    assert "times" not in learned.uns["dtp_pseudotime"]


def nones(value, path="uns"):
    if value is None:
        yield path
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from nones(entry, f"{path}/{name}")


def test_records_hold_no_none_and_come_back_from_a_file(learned, tmp_path):
    import anndata as ad

    adata = learned.copy()
    dtp.tl.trends(adata, n_permutations=19, n_bootstrap=19)
    assert not list(nones(dict(adata.uns)))
    path = tmp_path / "ordered.h5ad"
    adata.write_h5ad(path)
    back = ad.read_h5ad(path)
    ours = OrderRecord.from_uns(adata.uns["dtp_pseudotime"])
    read = OrderRecord.from_uns(back.uns["dtp_pseudotime"])
    assert read.methods == ours.methods
    assert read.validated is True
    pd.testing.assert_frame_equal(
        read.model.coefficients, ours.model.coefficients, check_names=False
    )
    trends = TrendsRecord.from_uns(back.uns["dtp_trends"])
    assert trends.params["n_bootstrap"] == 19


def test_methods_of_trends(learned, diffused):
    learned, diffused = learned.copy(), diffused.copy()
    for adata in (learned, diffused):
        dtp.tl.trends(adata, n_permutations=19, n_bootstrap=20)
    said = " ".join(learned.uns["dtp_trends"]["methods"])
    assert "taken out of the sum over genes" in said
    assert "19 shuffles" in said
    assert "20 bootstrap draws of samples" in said
    said = " ".join(diffused.uns["dtp_trends"]["methods"])
    assert "computed again without them" in said
    assert "20 bootstrap draws of cells" in said


@pytest.mark.slow
def test_trends_without_a_test_do_not_describe_one():
    adata = small()
    adata.obsm["X_mine"] = np.column_stack([adata.obs["true_progress"]] * 2)
    plain_order(adata, use_rep="X_mine")
    dtp.tl.trends(adata, n_permutations=19, n_bootstrap=20)
    assert "shuffles" not in " ".join(adata.uns["dtp_trends"]["methods"])


@pytest.mark.slow
def test_own_signatures_along_the_order(learned):
    adata = learned.copy()
    rng = np.random.default_rng(0)
    adata.obsm["dtp_scores"] = pd.DataFrame(
        {
            "hallmark_hypoxia": rng.random(adata.n_obs),
            "mine": adata.obs["true_progress"].astype(float),
        },
        index=adata.obs_names,
    )
    names = ["mine", "hallmark_hypoxia"]
    dtp.tl.trends(adata, scores=names, n_permutations=19, n_bootstrap=20)
    found = adata.uns["dtp_trends"]["features"].loc[names]
    assert (found["kind"] == "signature").all()
    assert found.loc["mine", "change"] > 0.3
    # Only the genes of the shipped signature are known, so only it is tested.
    assert np.isnan(found.loc["mine", "p"])
    assert found.loc["hallmark_hypoxia", "p"] > 0
    texts = " ".join(adata.uns["dtp_trends"]["messages"])
    assert "There is no p-value for mine" in texts
    with pytest.raises(dtp.errors.DataError, match="has no score 'other'"):
        dtp.tl.trends(adata, scores="other")


def test_counts_with_decimals_and_normalized_values_are_read_as_such(learned):
    """Values as SoupX and as TPM, next to the counts that they came from."""
    counts = small().X.toarray().astype(float)
    total = counts.sum(axis=1, keepdims=True)
    ambient = np.maximum(counts - 0.08 * total * counts.sum(axis=0) / counts.sum(), 0)
    rng = np.random.default_rng(0)
    rate = counts / rng.lognormal(7.5, 0.8, counts.shape[1])
    values = {
        "fractional counts": ambient,
        "normalized": rate / rate.sum(axis=1, keepdims=True) * 1e6,
    }
    truth = learned.obs["true_progress"]
    expected = spearmanr(learned.obs["dtp_pseudotime"], truth)[0]
    for kind, matrix in values.items():
        adata = small()
        adata.X = sp.csr_matrix(matrix.astype(np.float32))
        order(adata)
        record = adata.uns["dtp_pseudotime"]
        assert record["values"] == kind
        assert SCALED in methods(adata)
        assert any("are taken for" in text for text in record["messages"])
        found = spearmanr(adata.obs["dtp_pseudotime"], truth)[0]
        assert found == pytest.approx(expected, abs=0.02)
