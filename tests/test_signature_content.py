"""Lists mean what their titles say: named genes, overlaps, abundance, and real data."""

from __future__ import annotations

from itertools import combinations

import anndata as ad
import numpy as np
import pytest
from scipy.stats import rankdata

import dtpscore as dtp
from dtpscore import signatures

TABLE = signatures.available()
AXES = signatures.axes()
SCORED = TABLE.index[TABLE["use"] == "default"]


def genes_of(name):
    found = signatures.load(name).genes
    return set(found.up), set(found.down)


def of_axis(axis, use="default"):
    """Up and down genes of the signatures that make an axis."""
    names = TABLE.index[(TABLE["axis"] == axis) & (TABLE["use"] == use)]
    up, down = zip(*map(genes_of, names), strict=True)
    return set().union(*up), set().union(*down)


def auroc(first, second):
    ranks = rankdata(np.concatenate([first, second]))[: len(first)]
    return (ranks.sum() - len(first) * (len(first) + 1) / 2) / (
        len(first) * len(second)
    )


# Axis: genes that its score must hold as up, genes that it must hold as down, and genes
# that must have no part in it.
ANCHORS = {
    "redox_nrf2": (
        {"NQO1", "GCLC", "GCLM", "TXNRD1", "SRXN1", "HMOX1", "G6PD", "SLC7A11"},
        set(),
        {"NOX4", "NOX5", "CYBA", "CYBB", "NCF1", "NCF2", "NCF4", "MYC",
         "UBC", "UBB", "UBA52", "RPS27A"}),
    "ros_production": ({"NOX4", "CYBB", "NCF1", "DUOX2"}, set(), {"NQO1", "GPX4"}),
    "oxphos": (
        {"NDUFA4", "COX5A", "UQCRC1", "ATP5F1A", "SDHB"}, set(),
        {"GPX4", "LDHA", "LDHB", "CPT1A", "VDAC1", "PDHA1"}),
    "emt": (
        {"VIM", "FN1", "CDH2", "SNAI2"}, {"CDH1", "EPCAM", "ESRP1", "KRT19"},
        set()),
    "senescence": ({"PLK3", "TOLLIP", "IL6", "CXCL8"}, {"CNTLN"}, {"ALDH1A1"}),
    "slow_cycling": (
        {"YPEL3"}, {"MKI67", "TOP2A", "CCNB2", "MCM2", "PCNA"},
        {"CDKN1A", "CDKN1B", "CDKN2A", "CDKN2C", "SLFN11"}),
    "kdm5_chromatin": (
        {"KDM5A", "KDM5B", "KDM5C", "KDM5D"}, set(), {"NOL3", "MPC1"}),
    "glycolysis": (
        {"HK2", "PFKP", "ALDOA", "GAPDH", "PGK1", "ENO1", "PKM", "LDHA", "SLC2A1"},
        set(), {"EGFR", "MET", "CD44", "NT5E", "SOX9", "G6PD", "TALDO1", "FBP1"}),
    "pentose_phosphate": ({"G6PD", "TALDO1", "TKT"}, set(), {"PKM", "LDHA"}),
    "fao_peroxisome": ({"CPT1A", "PPARA", "PPARGC1A", "ACOX1", "CD36"}, set(), set()),
    "autophagy_lysosome": (
        {"ULK1", "ATG5", "ATG7", "CTSD", "HEXA", "GBA1", "ATP6V1A", "LAMP2"}, set(),
        {"TUBB", "TUBA1B", "DYNC1H1", "HSP90AA1", "UBC", "TOMM20", "VIM", "VCAN"}),
    "ferroptosis": (
        {"GPX4", "AIFM2", "DHODH", "GCH1", "SLC7A11"}, set(),
        {"ACSL4", "TFRC", "TP53"}),
    "ferroptosis_drivers": (
        {"ACSL4", "LPCAT3", "TFRC", "NCOA4"}, set(), {"GPX4", "FTH1", "SLC7A11"}),
    "nfkb": ({"NFKBIA", "TNFAIP3", "BIRC3"}, set(), {"SPRY4"}),
    "mhc_class_i": ({"HLA-A", "HLA-B", "HLA-C", "B2M"}, set(), {"HLA-DRA", "BECN1"}),
    "mapk_output": (
        {"DUSP4", "DUSP6", "SPRY2", "SPRY4", "ETV4", "ETV5", "PHLDA1"}, set(), set()),
    "dna_repair": ({"RBBP8"}, set(), {"GPX4", "UBC", "RPS27A"}),
}  # fmt: skip
LINEAGE_ANCHORS = {
    "melanoma_smc": (
        {"CD36", "DLX5", "PAX3", "IP6K3", "TRIM67", "SLC7A8"},
        {"GAPDH", "LDHA", "PGK1", "TYMS", "RRM1", "TK1", "TYR"}),
    "melanoma_ncsc": (
        {"RXRG", "SOX10", "TFAP2B", "GDNF", "MEF2C", "NGFR", "AQP1"}, {"TYR", "PMEL"}),
    "melanoma_pigmented": ({"TYR", "PMEL", "MLANA", "MITF"}, {"NGFR", "AXL"}),
    "squamous": ({"TP63", "KRT5"}, {"NKX2-1"}),
    "neuroendocrine": ({"ASCL1", "CHGA", "INSM1"}, {"MKI67"}),
    "estrogen_output": ({"GREB1", "PGR"}, set()),
    "androgen_output": ({"KLK3", "FKBP5"}, set()),
}  # fmt: skip


@pytest.mark.parametrize("axis", ANCHORS)
def test_an_axis_holds_the_genes_that_its_name_promises(axis):
    up, down, never = ANCHORS[axis]
    found_up, found_down = of_axis(axis)
    assert up <= found_up
    assert down <= found_down
    assert not never & (found_up | found_down)
    assert not found_up & found_down


@pytest.mark.parametrize("axis", LINEAGE_ANCHORS)
def test_a_state_holds_the_genes_that_its_name_promises(axis):
    up, never = LINEAGE_ANCHORS[axis]
    found_up, found_down = of_axis(axis, "lineage_gated")
    assert up <= found_up
    assert not never & (found_up | found_down)


def test_copies_of_one_list_agree():
    assert len(signatures.load("melanoma_rambow_ncsc").genes.up) == 42
    assert len(signatures.load("melanoma_rambow_smc").genes.up) == 14
    mak = signatures.load("emt_mak2016_76of77").genes
    assert (len(mak.up), len(mak.down)) == (52, 25)
    wang = set(signatures.load("yap_taz_wang2018_22").genes.up)
    assert len(wang) == 22
    assert len(signatures.load("senescence_hernandez2017").genes.up) == 32
    assert len(signatures.load("mapk_mpas_wagle2018").genes.up) == 10


def test_no_source_is_left_unrecorded():
    for name in TABLE.index:
        source = signatures.load(name).provenance
        assert "not recorded" not in f"{source.version} {source.retrieved_from}"


def test_suppressors_and_drivers_of_ferroptosis_are_in_no_list_together():
    suppressors, _ = genes_of("ferroptosis_suppressors")
    drivers, _ = genes_of("ferroptosis_drivers")
    assert not suppressors & drivers
    for name in SCORED:
        up, _ = genes_of(name)
        few = len(up & drivers) >= 2 and len(up & suppressors) >= 2
        assert not few or len(up) > 60, name


def test_no_state_of_melanoma_is_averaged_with_a_rival():
    states = [name for name in AXES if name.startswith("melanoma_")]
    assert len(states) == 5
    for name in TABLE.index[TABLE["axis"].isin(states)]:
        assert signatures.load(name).orientation == "with"
    pigmented, _ = of_axis("melanoma_pigmented", "lineage_gated")
    for state in states[:-1]:
        other, _ = of_axis(state, "lineage_gated")
        assert len(other & pigmented) <= 4


# Pairs whose lists are about the same molecules by nature.
SHARED = {
    frozenset({"microenvironment", "senescence"}),
    frozenset({"microenvironment", "nfkb"}),
    frozenset({"ferroptosis_drivers", "mtorc1"}),
}


def test_axes_share_few_genes():
    axes = [axis for axis in AXES if AXES[axis].kind in ("persister", "engagement")]
    held = {}
    for axis in axes:
        names = TABLE.index[(TABLE["axis"] == axis) & (TABLE["use"] == "default")]
        held[axis] = set().union(*(a | b for a, b in map(genes_of, names)))
    for one, other in combinations([axis for axis in axes if held[axis]], 2):
        shared = len(held[one] & held[other])
        if frozenset({one, other}) not in SHARED:
            assert shared <= 0.45 * min(len(held[one]), len(held[other])), (one, other)


def test_no_gene_of_ubiquitin_is_in_a_default_list():
    ubiquitin = {"UBB", "UBC", "UBA52", "RPS27A"}
    for name in SCORED:
        up, down = genes_of(name)
        assert not ubiquitin & (up | down), name


def test_default_persister_lists_hold_few_cycle_genes(build_script):
    cycle = build_script("sign_check").cycle_genes()
    about = {"slow_cycling", "diapause_myc", "mtorc1", "mapk_output"}
    for name in SCORED:
        if TABLE.loc[name, "axis"] not in about:
            up, down = genes_of(name)
            assert len((up | down) & cycle) <= max(1, 0.15 * len(up | down)), name


@pytest.fixture(scope="module")
def lung(data_dir):
    path = data_dir / "sc_mixology_nsclc.h5ad"
    if not path.is_file():
        pytest.skip("the untreated lung lines are not in the data folder")
    adata = ad.read_h5ad(path)
    adata.obs_names_make_unique()
    singlets = (adata.obs["demuxlet_class"] == "SNG").to_numpy()
    return adata[singlets].copy()


@pytest.mark.filterwarnings("ignore")
def test_the_redox_axis_tells_a_keap1_mutant_line(lung):
    """H838 lacks KEAP1; H1975 and HCC827 on the same plates have it."""
    plates = lung.obs["sample"].astype(str).str.contains("5cl").to_numpy()
    adata = lung[plates].copy()
    table = signatures.available(axis="redox_nrf2", use="default")
    names = list(table.index)
    dtp.tl.score(adata, names, method="mean", normalize="log1p", control=True)
    values = adata.obsm["dtp_scores_z"].mean(axis=1).to_numpy()
    line = adata.obs["cell_line"].astype(str).to_numpy()
    wild_type = values[np.isin(line, ["H1975", "HCC827"])]
    assert auroc(values[line == "H838"], wild_type) >= 0.95


@pytest.mark.filterwarnings("ignore")
def test_the_emt_axis_follows_vimentin_against_cadherin(lung):
    """The lines, ordered by VIM minus CDH1, which are left out of the score."""
    signature = signatures.load("emt_foroutan2017")
    held = signature.genes.model_copy(
        update={
            "up": tuple(g for g in signature.genes.up if g != "VIM"),
            "down": tuple(g for g in signature.genes.down if g != "CDH1"),
            "renamed": None,
        }
    )
    left_out = signature.model_copy(update={"genes": held, "name": "held_out"})
    dtp.tl.score(lung, [left_out], method="mean", normalize="log1p", control=True)
    counts = np.asarray(lung.X.sum(axis=1)).ravel()
    vim, cdh1 = (
        np.log1p(np.asarray(lung[:, gene].X.todense()).ravel() / counts * 1e4)
        for gene in ("VIM", "CDH1")
    )
    frame = lung.obsm["dtp_scores_z"].assign(seen=vim - cdh1)
    by_line = frame.groupby(lung.obs["cell_line"].astype(str).to_numpy()).mean()
    assert by_line["held_out"].corr(by_line["seen"], method="spearman") >= 0.5


def measured(name):
    rows = [
        line.split("\t")
        for line in (signatures.root() / "real_contrasts.tsv")
        .read_text(encoding="utf-8")
        .splitlines()
    ]
    row = next(row for row in rows if row[0] == name)
    return {label: float(v) for label, v in zip(rows[0][1:], row[1:], strict=True) if v}


LINES = ("A375", "SKMEL28", "SKMEL5", "WM88")
CLONES = ("SKMEL5 SC01", "SKMEL5 SC07", "SKMEL5 SC10")


@pytest.mark.parametrize(
    ("name", "contrasts", "sign"),
    [
        # The drug hits BRAF in every one of them.
        ("mapk_mpas_wagle2018", LINES + CLONES, -1),
        ("egfr_output_kobayashi2006", LINES + CLONES, -1),
        ("melanoma_rambow_smc", LINES, 1),
        ("lysosome_go", LINES, 1),
        ("fao_review_panel", LINES, 1),
        ("slow_cycling_core", LINES, 1),
        ("glycolysis_core", LINES + CLONES, -1),
    ],
)
def test_a_list_moves_where_it_must(name, contrasts, sign):
    found = measured(name)
    assert all(sign * found[contrast] > 0 for contrast in contrasts), found


def test_old_copies_of_the_starved_state_would_fail():
    """The list that once bore the name falls in every line, so it was another state."""
    fell = {"GAPDH", "LDHA", "PGK1", "PGM1", "PKM", "TK1", "TYMS", "RRM1"}
    assert not fell & set(signatures.load("melanoma_rambow_smc").genes.up)
