"""The consensus of persister contrasts, against a count by hand."""

from __future__ import annotations

import re
import tomllib
from itertools import product

import pytest

from dtpscore import signatures

# One vote a line; a line of two contrasts is one cell line (BT474).
VOTES = (
    ("dtp_hangauer2017_bt474", "dtp_chang2022_luminal"),
    ("dtp_chang2022_mesenchymal",),
    ("dtp_duy2021_aml_cisg",),
    ("dtp_rehman2021_crc",),
    ("dtp_dhimolea2021_recurrent",),
    ("dtp_moghal2023_common",),
    ("dtp_kalkavan2022_apoptosis_persister",),
)
STUDIES = (
    "chang2022", "dhimolea2021", "duy2021", "hangauer2017", "kalkavan2022",
    "moghal2023", "rehman2021",
)  # fmt: skip
OTHERS = (
    "tirosh2016_s_phase", "tirosh2016_g2m_phase", "hallmark_e2f_targets",
    "hallmark_g2m_checkpoint", "whitfield_cell_cycle", "dream_targets_fischer2016",
    "gavish_mp01_cell_cycle_g2_m", "gavish_mp02_cell_cycle_g1_s",
    "gavish_mp03_cell_cycle_hmg_rich",
)  # fmt: skip
STRESS = (
    "dissociation_broad2019", "gavish_mp05_stress", "gavish_mp07_stress_in_vitro"
)  # fmt: skip
FORMS = (
    "dtp_consensus",
    "dtp_consensus_no_cycle",
    *(f"dtp_consensus_no_cycle_without_{study}" for study in STUDIES),
)


def content(name):
    path = signatures.root() / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def halves(name):
    genes = content(name)["genes"]
    return set(genes.get("up", [])), set(genes.get("down", []))


CONTRASTS = {name: (*halves(name), set(content(name)["provenance"]["studies"]))
             for vote in VOTES for name in vote}  # fmt: skip
CYCLE = set().union(*(up | down for up, down in map(halves, OTHERS)))
NUISANCE = CYCLE.union(*(halves(name)[0] for name in STRESS))


def ballots(without=None):
    """Up and down genes of every vote; a gene that a vote has both ways is void."""
    found = []
    for names in VOTES:
        kept = [CONTRASTS[n] for n in names if without not in CONTRASTS[n][2]]
        if kept:
            up = set().union(*(contrast[0] for contrast in kept))
            down = set().union(*(contrast[1] for contrast in kept))
            found.append((up - down, down - up))
    return found


def agreed(lists):
    """The rule, gene by gene: 3 votes or more one way, none the other."""
    up, down = [], []
    for gene in sorted(set().union(*(a | b for a, b in lists))):
        ups = sum(gene in a for a, _ in lists)
        downs = sum(gene in b for _, b in lists)
        if ups >= 3 and downs == 0:
            up.append(gene)
        if downs >= 3 and ups == 0:
            down.append(gene)
    return up, down


def expected_by_chance(chances):
    """Exact chance of 3 or more and none the other way, for one gene.

    ``chances`` has for every list the chance that the gene is drawn into its up half
    and into its down half. The lists are drawn apart from each other.
    """
    state = {(0, 0): 1.0}
    for p_up, p_down in chances:
        after = {}
        for (ups, downs), weight in state.items():
            for step, p in (
                ((1, 0), p_up), ((0, 1), p_down), ((0, 0), 1 - p_up - p_down)
            ):  # fmt: skip
                key = (ups + step[0], downs + step[1])
                after[key] = after.get(key, 0.0) + weight * p
        state = after
    return tuple(
        sum(w for votes, w in state.items() if votes[a] >= 3 and votes[1 - a] == 0)
        for a in (0, 1)
    )


def stated_chance():
    text = content("dtp_consensus")["provenance"]["derivation"]
    figures = re.findall(
        r"([\d.]+) (up|down) on average, (\d+) at most, (\d+) or more in (\d+)", text
    )
    assert len(figures) == 6
    return [tuple(float(f[0]) for f in figures[i : i + 2]) for i in (0, 2, 4)], text


@pytest.mark.parametrize("name", FORMS)
def test_genes_follow_the_vote(name):
    without = name.partition("_without_")[2] or None
    up, down = agreed(ballots(without))
    if name != "dtp_consensus":
        up, down = ([g for g in half if g not in NUISANCE] for half in (up, down))
    genes = content(name)["genes"]
    assert (genes["up"], genes["down"]) == (up, down)


@pytest.mark.parametrize("study", STUDIES)
def test_left_out_study_has_no_part_in_the_form_without_it(study):
    source = content(f"dtp_consensus_no_cycle_without_{study}")["provenance"]
    assert source["studies"] == [s for s in STUDIES if s != study]
    used = source["table"].split(", ")
    left_out = {name for name, contrast in CONTRASTS.items() if study in contrast[2]}
    assert left_out
    assert set(used) == set(CONTRASTS) - left_out


def test_every_form_is_there_and_nothing_else():
    table = signatures.available(axis="consensus")
    assert set(table.index) == set(FORMS)
    assert table["use"].value_counts().to_dict() == {
        "optional": 1, "default": 1, "evaluation": len(STUDIES)
    }  # fmt: skip
    studies = set().union(*(contrast[2] for contrast in CONTRASTS.values()))
    assert studies == set(STUDIES)


def test_form_without_cycle_has_no_cycle_or_stress_gene():
    for name in FORMS[1:]:
        up, down = halves(name)
        assert not (up | down) & NUISANCE


def test_no_table_of_low_confidence_votes():
    for contrast in CONTRASTS:
        assert content(contrast)["provenance"]["confidence"] in ("high", "medium")
    low = {"gse114647", "gse153183"}
    for name in FORMS:
        assert not low & set(content(name)["provenance"]["studies"])


def test_stated_counts_are_those_of_the_lists():
    up, down = halves("dtp_consensus")
    _, text = stated_chance()
    assert f"{len(up)} up and {len(down)} down." in text
    assert f"{len(down & CYCLE)} of the down genes are cell-cycle genes" in text
    assert f"at least 3 of {len(VOTES)} votes one way and none the other" in text


def test_stated_chance_is_near_its_exact_expectation():
    lists = ballots()
    narrow = set().union(*(up | down for up, down in lists))
    table = signatures.available()
    wide = set().union(
        *(a | b for a, b in map(halves, table.index[table["axis"] != "consensus"]))
    )
    figures, text = stated_chance()
    for stated, background, words in (
        (figures[0], narrow, "any contrast lists"),
        (figures[1], wide, "any shipped signature lists"),
    ):
        size = len(background)
        assert f"from the {size:,} genes that {words}" in text
        exact = expected_by_chance([(len(a) / size, len(b) / size) for a, b in lists])
        assert stated == pytest.approx([size * p for p in exact], abs=0.5)
    dealt = [0.0, 0.0]
    for gene in narrow:
        held = [(a, b) for a, b in lists if gene in a or gene in b]
        share = [len(a) / (len(a) + len(b)) for a, b in held]
        exact = expected_by_chance([(p, 1 - p) for p in share])
        dealt = [total + p for total, p in zip(dealt, exact, strict=True)]
    assert figures[2] == pytest.approx(dealt, abs=0.5)


def test_exact_expectation_equals_full_enumeration():
    chances = [(0.3, 0.2), (0.5, 0.1), (0.4, 0.4), (0.6, 0.3), (0.2, 0.7), (0.9, 0.05)]
    total = [0.0, 0.0]
    for outcome in product((0, 1, 2), repeat=len(chances)):
        p = 1.0
        for (up, down), got in zip(chances, outcome, strict=True):
            p *= (up, down, 1 - up - down)[got]
        for way in (0, 1):
            if outcome.count(way) >= 3 and outcome.count(1 - way) == 0:
                total[way] += p
    assert expected_by_chance(chances) == pytest.approx(total)


def test_drawn_lists_keep_their_sizes(build_script):
    consensus = build_script("consensus")
    lists = {
        "a": (frozenset("ABC"), frozenset("DE")),
        "b": (frozenset("A"), frozenset()),
    }
    draw = consensus.random.Random(0)
    for _ in range(20):
        for background in (list("ABCDEFGHIJ"), None):
            drawn = consensus._redrawn(draw, lists, background)
            for label, (up, down) in drawn.items():
                assert (len(up), len(down)) == tuple(map(len, lists[label]))
                assert not up & down
                if background is None:
                    assert up | down == lists[label][0] | lists[label][1]


@pytest.mark.slow
def test_script_makes_the_files_again_to_the_byte(build_script):
    to_toml = build_script("toml_writer").to_toml
    made = {s.name: to_toml(s) for s in build_script("consensus").signatures()}
    assert set(made) == set(FORMS)
    for name, text in made.items():
        path = signatures.root() / f"{name}.toml"
        assert text.encode() == path.read_bytes(), "run: signatures/build/derive.py"
