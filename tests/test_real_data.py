"""Scores on real data say what is known about the cells."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import dtpscore as dtp
from dtpscore.errors import CoverageWarning

pytestmark = pytest.mark.slow

FILES = [
    "bulk_brafi_4lines",
    "bulk_skmel5_timecourse",
    "gbm_panobinostat",
    "ngp_nutlin",
    "pbmc3k",
    "pc9_erlotinib_d11",
    "sc_mixology_nsclc",
]
NAMES = [
    "tirosh2016_s_phase",
    "tirosh2016_g2m_phase",
    "hallmark_e2f_targets",
    "hallmark_myc_targets_v1",
    "hallmark_interferon_alpha_response",
    "hallmark_p53_pathway",
    "gavish_mp18_interferon_mhc_ii_ii",
    "g0_arrest_wiecek2023",
    "melanoma_tirosh_mitf",
]
S, G2M, E2F, MYC, IFN, P53, MHC_II, G0, MITF = NAMES
MONOCYTES = ["CD14+ Mono", "FCGR3A+ Mono"]


@pytest.fixture(scope="module")
def scored(real_file):
    """A function that reads a data set, scores it and keeps it."""
    kept: dict[str, ad.AnnData] = {}

    def get(name: str) -> ad.AnnData:
        if name not in kept:
            with warnings.catch_warnings():
                # One data set has a barcode twice.
                warnings.filterwarnings("ignore", message="Observation names")
                adata = ad.read_h5ad(real_file(name))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CoverageWarning)
                dtp.tl.score(adata, NAMES)
            kept[name] = adata
        return kept[name]

    return get


def means(adata: ad.AnnData, *groups: str) -> pd.DataFrame:
    """Mean score of each group."""
    by = [adata.obs[group] for group in groups]
    return dtp.get.scores(adata).groupby(by, observed=True).mean()


@pytest.mark.parametrize("name", FILES)
def test_every_data_set_scores_with_the_default_signatures(name, real_file):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Observation names")
        adata = ad.read_h5ad(real_file(name))
    if adata.n_obs > 300:
        adata = adata[:: adata.n_obs // 300].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CoverageWarning)
        dtp.tl.score(adata)
    frame, coverage = dtp.get.scores(adata), dtp.get.coverage(adata)
    found = (coverage["n_found"] > 0).to_numpy()
    assert found.any()
    assert np.isfinite(frame.to_numpy()[:, found]).all()
    assert frame.loc[:, ~found].isna().all(axis=None)
    counts = coverage[["n_found", "n_missing", "n_ambiguous"]].sum(axis=1)
    assert (counts == coverage["n_listed"]).all()
    # Whole transcriptomes name nearly every gene, whatever the age of the names.
    if adata.n_vars > 20_000:
        assert coverage["fraction"].median() > 0.8
        assert coverage["n_renamed"].sum() > 0


def test_persisters_of_four_melanoma_lines_leave_the_cycle(scored):
    table = means(scored("bulk_brafi_4lines"), "condition", "cell_line")
    persister, parental = table.loc["DTP"], table.loc["parental"]
    assert (persister[[S, G2M, E2F, MYC]] < parental[[S, G2M, E2F, MYC]]).all(axis=None)
    assert (persister[G0] > parental[G0]).all()


@pytest.mark.parametrize("line", ["A375", "SKMEL5", "WM88"])
def test_every_persister_replicate_is_below_every_parental_one(scored, line):
    """Not in SKMEL28, where one parental replicate hardly shows the cycle."""
    adata = scored("bulk_brafi_4lines")
    frame = dtp.get.scores(adata)[(adata.obs["cell_line"] == line).to_numpy()]
    persister = (adata.obs.loc[frame.index, "condition"] == "DTP").to_numpy()
    for down in (S, G2M, E2F, MYC):
        assert frame.loc[persister, down].max() < frame.loc[~persister, down].min()


def test_one_subclone_still_cycles_on_the_drug(scored):
    """The hard case: E2F targets rise in SC07, so a low cycle is no definition."""
    table = means(scored("bulk_skmel5_timecourse"), "cell_line", "time_point")
    assert table.loc[("SKMEL5_SC07", "D8"), E2F] > table.loc[("SKMEL5_SC07", "D0"), E2F]


def test_melanocyte_programme_is_low_in_the_dedifferentiated_line(scored):
    table = means(scored("bulk_brafi_4lines"), "cell_line")[MITF]
    assert table.idxmin() == "A375"


def test_interferon_is_higher_in_monocytes_than_in_b_and_naive_t_cells(scored):
    adata = scored("pbmc3k")
    table = means(adata, "cell_type")[IFN]
    for lymphocyte in ("B", "Naive CD4 T"):
        assert table[MONOCYTES].min() > table[lymphocyte]
    kinds, score = adata.obs["cell_type"], dtp.get.scores(adata)[IFN]
    higher = (
        score[kinds.isin(MONOCYTES)].to_numpy()[:, None]
        > score[kinds == "Naive CD4 T"].to_numpy()
    ).mean()
    assert higher > 0.8


def test_antigen_presenting_cells_have_the_most_mhc_ii(scored):
    table = means(scored("pbmc3k"), "cell_type")[MHC_II]
    presenting = [*MONOCYTES, "DC", "B"]
    assert table[presenting].min() > table.drop(presenting).max()


def test_cycling_lines_are_above_resting_blood(scored):
    blood = dtp.get.scores(scored("pbmc3k"))
    lines = dtp.get.scores(scored("sc_mixology_nsclc"))
    for cycle in (S, G2M, E2F):
        assert lines[cycle].quantile(0.25) > blood[cycle].quantile(0.75)


def test_cycle_scores_follow_the_published_phase(scored):
    """A panel with 3 of 54 G2M genes still ranks the phases, and is marked low."""
    adata = scored("ngp_nutlin")
    table = means(adata, "cell_cycle")
    assert table[G2M].idxmax() == "G2M"
    assert dtp.get.coverage(adata).loc[G2M, "low"]
    treated = means(adata, "condition")
    assert treated.loc["treated", S] < treated.loc["parental", S]


def test_replicates_of_persisters_agree(scored):
    table = means(scored("pc9_erlotinib_d11"), "sample")
    assert np.corrcoef(table.to_numpy())[0, 1] > 0.98


def test_thin_panel_warns_and_names_the_worst(real_file):
    adata = ad.read_h5ad(real_file("gbm_panobinostat"))[:50].copy()
    with pytest.warns(CoverageWarning, match=r"of 9 signatures .* NaN as score: 2\."):
        dtp.tl.score(adata, NAMES)
    coverage = dtp.get.coverage(adata)
    assert coverage["low"].all()
    assert coverage.loc[[S, G2M], "n_found"].tolist() == [0, 0]
    assert adata.obsm["dtp_scores"][[S, G2M]].isna().all(axis=None)


@pytest.mark.parametrize("name", FILES)
def test_command_line_gives_the_numbers_of_the_function(name, real_file, out, command):
    code, _, err = command("score", real_file(name), "-o", out)
    assert code == 0, err
    expected = ad.read_h5ad(real_file(name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dtp.tl.score(expected)
    found = ad.read_h5ad(out)
    pd.testing.assert_frame_equal(
        found.obsm["dtp_scores"], expected.obsm["dtp_scores"], check_exact=True
    )
    assert set(found.obs) == set(expected.obs)
    assert abs(found.X - expected.X).max() == 0
