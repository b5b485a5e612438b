"""The scripts of signatures/build make the files that are there."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dtpscore import signatures

GENES = {name: signatures.load(name).genes for name in signatures.available().index}
CYCLE = [
    "tirosh2016_s_phase", "tirosh2016_g2m_phase", "hallmark_e2f_targets",
    "hallmark_g2m_checkpoint", "whitfield_cell_cycle", "dream_targets_fischer2016",
    "gavish_mp01_cell_cycle_g2_m", "gavish_mp02_cell_cycle_g1_s",
    "gavish_mp03_cell_cycle_hmg_rich",
]  # fmt: skip
TRIMMED = {
    "nrf2_reactome_no_proteasome": "nrf2_reactome_nuclear_events",
    "nrf2_namani2019_a549_no_cycle": "nrf2_namani2019_a549",
    "ros_detox_reactome_no_oxidase": "ros_detox_reactome",
    "kdm5b_scibetta2007_no_cycle": "kdm5b_scibetta2007",
    "dna_repair_kauffmann2008_no_cycle": "dna_repair_kauffmann2008",
    "dna_repair_hallmark_no_cycle": "hallmark_dna_repair",
    "hrr_reactome_no_cycle": "hrr_reactome",
    "g0_arrest_wiecek2023_no_cycle": "g0_arrest_wiecek2023",
    "yap_cordenonsi2011_no_cycle": "yap_cordenonsi2011",
}

# Agreed list: its sources, and how many of them must hold a gene.
AGREED = {
    "nrf2_core": (
        ["nrf2_ibrahim2020", "nrf2_namani2019_a549", "nrf2_reactome_nuclear_events",
         "nrf2_singh2008", "nrf2_wp"], 3),
    "slow_cycling_core": (CYCLE, 4),
}  # fmt: skip


@pytest.fixture(scope="module")
def sign_check(build_script):
    return build_script("sign_check")


@pytest.fixture(scope="module")
def derive(build_script):
    return build_script("derive")


def text_of(name):
    return (signatures.root() / name).read_bytes().decode()


def said_by(name, contrast):
    """The vote of one contrast, counted gene by gene in exact fractions."""
    own, other = GENES[name], GENES[contrast]
    shared, along, against = 0, Fraction(0), Fraction(0)
    for gene in (*own.up, *own.down):
        for mine in ("up", "down"):
            for theirs in ("up", "down"):
                if gene in getattr(own, mine) and gene in getattr(other, theirs):
                    share = Fraction(1, len(getattr(other, theirs)))
                    along += share if mine == theirs else 0
                    against += share if mine != theirs else 0
                    shared += 1
    if shared < 3:
        return 0
    if along > 0 and 2 * along >= 3 * against:
        return 1
    return -1 if 2 * against >= 3 * along else 0


@pytest.mark.slow
def test_sign_check_table_is_current(sign_check):
    assert sign_check.table() == text_of("sign_check.tsv")


@pytest.mark.parametrize(
    "name",
    [
        "senescence_fridman2008", "hallmark_e2f_targets", "nrf2_singh2008",
        "g0_arrest_wiecek2023_panel35", "alveolar_maynard2020", "axl_yap_panel",
    ],
)  # fmt: skip
def test_votes_equal_a_count_by_hand(sign_check, name):
    signature = signatures.load(name)
    for label, contrasts in sign_check.VOTES.items():
        said = {said_by(name, contrast) for contrast in contrasts} - {0}
        expected = said.pop() if len(said) == 1 else 0
        assert sign_check.votes(signature)[label] == expected


@pytest.mark.parametrize(
    ("name", "contrasts"),
    [
        ("mapk_mpas_wagle2018", ("A375", "SKMEL28", "SKMEL5", "WM88")),
        ("slow_cycling_core", ("SKMEL5 SC01", "SKMEL5 SC07", "SKMEL5 SC10")),
        ("oxphos_wp_etc", ("A375", "SKMEL28", "SKMEL5", "WM88")),
    ],
)
def test_votes_of_measured_contrasts_equal_a_count_by_hand(sign_check, name, contrasts):
    rows = [line.split("\t") for line in text_of("real_contrasts.tsv").splitlines()]
    values = dict(zip(rows[0], next(r for r in rows if r[0] == name), strict=True))
    z = [float(values[contrast]) for contrast in contrasts]
    up, down = sum(v >= 1 for v in z), sum(v <= -1 for v in z)
    speak = 2 * (up + down) >= len(z)
    agree = abs(up - down) >= 0.6 * (up + down) and up != down
    expected = (1 if up > down else -1) if speak and agree else 0
    label = next(k for k, v in sign_check.MEASURED.items() if v == contrasts)
    assert sign_check.votes(signatures.load(name))[label] == expected


def test_measured_contrasts_are_those_of_the_table():
    header = text_of("real_contrasts.tsv").splitlines()[0].split("\t")[1:]
    rows = [line.split("\t") for line in text_of("contrasts.tsv").splitlines()
            if not line.startswith("#")]  # fmt: skip
    place = rows[0].index("kind")
    assert header == [row[0] for row in rows[1:] if row[place] == "measured"]


@pytest.mark.slow
def test_measured_values_are_what_the_counts_give(build_script, data_dir):
    names = ["mapk_mpas_wagle2018", "nrf2_core", "slow_cycling_core"]
    chosen = [signatures.load(name) for name in names]
    made = build_script("real_contrasts").measured(data_dir, chosen)
    rows = [line.split("\t") for line in text_of("real_contrasts.tsv").splitlines()]
    stored = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows}
    for name in names:
        for contrast in made.columns:
            assert made.loc[name, contrast] == pytest.approx(
                float(stored[name][contrast]), abs=0.02
            )


def test_votes_about_axes_are_current(build_script):
    assert build_script("directions").table() == text_of("directions.tsv")


def test_no_contrast_judges_a_list_of_its_own_study(sign_check):
    voting = {name for names in sign_check.VOTES.values() for name in names}
    own = {name: set(signatures.load(name).provenance.studies) for name in GENES}
    for name in GENES:
        labels = sign_check.published_votes(signatures.load(name))
        judged = {n for label in labels for n in sign_check.VOTES[label]}
        for contrast in voting - judged:
            assert own[name] & own[contrast]


@pytest.mark.parametrize(
    ("axis", "counts", "expected"),
    [
        ("emt", (5, 0, 4, 0.25), "up"),
        ("emt", (1, 4, 4, 0.0), "down"),
        ("emt", (4, 1, 4, 0.0), "up"),
        ("emt", (6, 2, 1, 0.0), "two-sided"),
        ("emt", (4, 0, 5, 0.0), "two-sided"),
        ("emt", (9, 0, 0, 0.26), "two-sided"),
        ("slow_cycling", (9, 0, 0, 1.0), "up"),
        ("oxphos", (9, 0, 0, 0.0), "two-sided"),
    ],
)
def test_rule_of_the_direction(sign_check, make_signature, axis, counts, expected):
    signature = make_signature("a", ["TP53"], axis=axis)
    direction, why = sign_check.ruling(signature, sign_check.Tally(*counts))
    assert direction == expected
    assert bool(why) == (expected == "two-sided")


def test_cycle_genes_are_those_of_the_nine_sets(sign_check):
    expected = {g for name in CYCLE for g in (*GENES[name].up, *GENES[name].down)}
    assert sign_check.cycle_genes() == expected
    assert {"MKI67", "TOP2A", "PCNA", "MCM7", "CCNB1"} <= expected


@pytest.mark.parametrize("name", TRIMMED)
def test_trimmed_lists_lose_the_nuisance_and_nothing_else(derive, sign_check, name):
    assert set(derive.TRIMMED) == set(TRIMMED)
    ubiquitin = {"UBB", "UBC", "UBA52", "RPS27A"}
    out = {
        "proteasome": ubiquitin
        | {g for g in GENES[TRIMMED[name]].up if g.startswith("PSM")},
        "oxidase": set(GENES["ros_producers_nadph_oxidase"].up),
        "cycle": sign_check.cycle_genes(),
    }[name.rpartition("_")[2]]
    if name == "hrr_reactome_no_cycle":
        out = out | ubiquitin
    if name == "nrf2_namani2019_a549_no_cycle":
        rows = text_of("gene_names.tsv").splitlines()
        approved = {row.split("\t")[0] for row in rows}
        out = out | set(GENES["ros_producers_nadph_oxidase"].up)
        out = out | {g for g in GENES[TRIMMED[name]].up if g not in approved}
    for half in ("up", "down"):
        source = getattr(GENES[TRIMMED[name]], half)
        assert getattr(GENES[name], half) == tuple(g for g in source if g not in out)
    n_out = sum(g in out for half in ("up", "down") for g in getattr(
        GENES[TRIMMED[name]], half))  # fmt: skip
    stated = signatures.load(name).provenance.derivation
    assert f"; then {n_out} " in stated


@pytest.mark.parametrize("name", AGREED)
def test_agreed_lists_hold_what_enough_lists_share(derive, name):
    sources, at_least = AGREED[name]
    assert set(derive.AGREED) == set(AGREED)
    every = set().union(*({*GENES[s].up, *GENES[s].down} for s in sources))
    # NRF2 represses what Ibrahim lists as down, which no other list has.
    held = {s: {*GENES[s].up} if name == "nrf2_core" else {*GENES[s].up, *GENES[s].down}
            for s in sources}  # fmt: skip
    out = {"CDKN1A", "CDKN1B", "CDKN2A", "CDKN2B", "CDKN2C", "CDKN2D", "UBC", "UBB"}
    expected = {
        gene
        for gene in every - out
        if sum(gene in genes for genes in held.values()) >= at_least
        and not gene.startswith("PSM")
    }
    assert {*GENES[name].up, *GENES[name].down} == expected


def test_every_file_has_the_layout_that_the_script_writes(derive, build_script):
    to_toml = build_script("toml_writer").to_toml
    for name in GENES:
        made = (
            derive.checked(derive.trimmed(name))
            if name in TRIMMED
            else derive.checked(derive.agreed(name))
            if name in AGREED
            else derive.checked(signatures.load(name))
        )
        assert to_toml(made) == text_of(f"{name}.toml"), name


def test_layout_keeps_what_is_hard_to_write(build_script, make_signature, tmp_path):
    hard = make_signature(
        "hard", ["HLA-A", "TP53"], ["MYC"], weights={"HLA-A": 0.1},
        title='a "quote", a \\ and é', context="tab\there",
    )  # fmt: skip
    build_script("toml_writer").write(hard, tmp_path)
    assert signatures.read(tmp_path / "hard.toml") == [hard]


def test_schema_file_is_what_the_script_writes(build_script):
    assert build_script("schema").text() == text_of("schema.json")
