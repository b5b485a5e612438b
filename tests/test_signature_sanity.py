"""Every shipped list is what its title says, or the page says why it is not."""

from __future__ import annotations

import pytest

from dtpscore import signatures


@pytest.fixture(scope="module")
def sanity_table(build_script):
    return build_script("sanity_table")


@pytest.fixture(scope="module")
def rows(sanity_table):
    return {row["signature"]: row for row in sanity_table.rows()}


def test_every_list_has_its_row(rows):
    table = signatures.available()
    assert set(rows) == set(table.index)
    for name, row in rows.items():
        assert (
            int(row["n_genes"]) == table.loc[name, "n_up"] + table.loc[name, "n_down"]
        )
        assert (row["axis"], row["use"]) == tuple(table.loc[name, ["axis", "use"]])


def test_what_fails_a_check_has_its_reason_and_nothing_else_has(sanity_table, rows):
    failed = {name for name, row in rows.items() if sanity_table.failed(row)}
    assert failed == set(sanity_table.REASONS)


def test_lists_that_are_scored_unasked_move_where_they_must(rows):
    """A drug that hits BRAF, a mutated KEAP1, VIM and CDH1, AXL and MITF, the cycle."""
    must = {
        name: row["moved"]
        for name, row in rows.items()
        if row["moved"] and row["use"] in ("default", "nuisance", "lineage_gated")
    }
    assert set(must.values()) == {"yes"}
    assert {
        "mapk_mpas_wagle2018", "egfr_output_kobayashi2006", "emt_foroutan2017",
        "pemt_puram2017", "nrf2_core", "nrf2_namani2019_a549_no_cycle",
        "tirosh2016_s_phase", "tirosh2016_g2m_phase", "melanoma_rambow_pigment",
        "melanoma_tsoi_undiff", "melanoma_rambow_invasion",
    } <= set(must)  # fmt: skip


def test_overlaps_are_those_of_the_lists(build_script, rows):
    overlap = build_script("sanity").overlap
    for name, row in rows.items():
        if row["use"] == "default" and row["same_axis"]:
            share, same = overlap(
                signatures.load(name), signatures.load(row["same_axis"])
            )
            assert row["same_overlap"] == f"{share:.2f}", name
            assert row["same_sign"] == f"{same:.2f}", name


def test_overlap_turns_lists_that_count_against_their_axis(
    build_script, make_signature
):
    overlap = build_script("sanity").overlap
    up = make_signature("one", ["TP53", "MYC"], ["KRAS"])
    turned = make_signature("two", ["KRAS", "VIM"], ["TP53"], orientation="against")
    assert overlap(up, turned) == (pytest.approx(2 / 3), 1.0)
    assert overlap(up, make_signature("three", ["KRAS"]))[1] == 0.0


def test_no_default_list_is_carried_by_ubiquitin_or_mitochondrial_genes(rows):
    for name, row in rows.items():
        if row["use"] in ("default", "lineage_gated") and row["five_genes"]:
            genes = row["five_genes"].split()
            assert not {"UBB", "UBC", "UBA52", "RPS27A", "MALAT1"} & set(genes), name
            assert not any(gene.startswith("MT-") for gene in genes), name


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_values_are_what_the_data_give(build_script, data_dir):
    if not (data_dir / "sc_mixology_nsclc.h5ad").is_file():
        pytest.skip("the untreated lung lines are not in the data folder")
    written = (signatures.root() / "sanity.tsv").read_text(encoding="utf-8")
    assert build_script("sanity").text(data_dir) == written
