"""The loaders on the real files, against conversions of them made independently."""

from __future__ import annotations

import anndata as ad
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore.datasets import _download, _registry

pytestmark = pytest.mark.slow

REAL = [
    "sc_mixology_nsclc",
    "bulk_brafi_4lines",
    "bulk_skmel5_timecourse",
    "pbmc3k",
    "aml_vangalen_paired",
]


def compare_with_conversion(name, adata, other):
    entry = _registry.registry()[name]
    assert adata.shape == (entry.n_obs, entry.n_vars)
    if "gene_id" in adata.var:
        adata.var_names = adata.var["gene_id"].astype(str)
        other.var_names = other.var["gene_id"].astype(str)
    assert set(adata.obs_names) == set(other.obs_names)
    aligned = adata[other.obs_names, other.var_names]
    assert (aligned.X != other.X).nnz == 0
    same = ["condition"] if name.startswith("bulk") else ["condition", "sample"]
    for column in same:
        assert (
            aligned.obs[column].astype(str) == other.obs[column].astype(str)
        ).all(), column


@pytest.fixture
def mirrored(data_dir, monkeypatch):
    monkeypatch.setenv(_download.MIRROR, str(data_dir))


@pytest.mark.parametrize("name", REAL)
def test_the_loader_gives_what_an_independent_conversion_gave(
    name, mirrored, real_file
):
    other = ad.read_h5ad(real_file(name))
    compare_with_conversion(name, dtp.datasets.load(name), other)


def test_pc9_is_loaded_with_both_replicates_as_persisters(mirrored, real_file):
    other = ad.read_h5ad(real_file("pc9_erlotinib_d11"))
    adata = dtp.datasets.load("pc9_erlotinib_d11")
    assert set(adata.obs["condition"]) == {"DTP"}
    assert adata.obs["file_label"].value_counts().to_dict() == {
        "erlotinib": 1243,
        "control": 415,
    }
    compare_with_conversion("pc9_erlotinib_d11", adata, other)


def test_ensembl_ids_become_symbols_where_one_fits(mirrored, real_file):
    other = ad.read_h5ad(real_file("sc_mixology_nsclc"))
    adata = dtp.datasets.load("sc_mixology_nsclc")
    assert adata.var_names.is_unique
    ids = pd.Series(adata.var_names, index=adata.var["gene_id"].astype(str))
    known = other.var["symbol_mapped"].to_numpy(dtype=bool)
    theirs = pd.Series(other.var_names[known], index=other.var["gene_id"][known])
    share = (ids[theirs.index.astype(str)].to_numpy() == theirs.to_numpy()).mean()
    assert share > 0.9
