"""Direction of an axis over all contrasts and in one context, counted by hand."""

from __future__ import annotations

import csv

import pytest

from dtpscore import signatures
from dtpscore.errors import SignatureError


def rows(stem):
    lines = (signatures.root() / f"{stem}.tsv").read_text(encoding="utf-8").splitlines()
    body = (line for line in lines if not line.startswith("#"))
    return list(csv.DictReader(body, delimiter="\t"))


CONTRASTS = {row["contrast"]: row for row in rows("contrasts")}
VOTES = {row["axis"]: row for row in rows("directions")}


def by_hand(axis, tumor):
    cast = [
        int(VOTES[axis][name])
        for name, contrast in CONTRASTS.items()
        if tumor in contrast["tumor"].split("|")
        and contrast["votes"] != "shown"
        and VOTES[axis][name] != ""
    ]
    return cast.count(1), cast.count(-1), cast.count(0)


@pytest.mark.parametrize("axis", ["emt", "interferon", "senescence", "mapk_output"])
@pytest.mark.parametrize("tumor", ["melanoma", "breast", "leukemia", "lung"])
def test_a_context_counts_its_contrasts_one_by_one(axis, tumor):
    found = signatures.direction(axis, tumor)
    up, down, none = by_hand(axis, tumor)
    assert (found.n_up, found.n_down, found.n_none) == (up, down, none)
    assert len(found.votes) == up + down + none
    clear = up + down >= 3 and abs(up - down) >= 0.6 * (up + down)
    expected = ("up" if up > down else "down") if clear else "two-sided"
    assert found.direction == expected
    assert ("no direction assumed" in found.sentence) == (expected == "two-sided")


def test_what_holds_in_carcinoma_is_not_assumed_in_melanoma():
    assert signatures.direction("emt").direction == "up"
    melanoma = signatures.direction("emt", "melanoma")
    assert melanoma.direction == "two-sided"
    assert melanoma.sentence == (
        "Up in 2 of 7 melanoma contrasts; down in 3 of 7 melanoma contrasts: no "
        "direction assumed for melanoma, because they disagree."
    )
    assert signatures.direction("senescence").direction == "up"
    assert signatures.direction("senescence", "melanoma").direction == "down"


def test_the_lines_of_one_laboratory_vote_once_over_all_contrasts():
    found = signatures.direction("slow_cycling")
    counted = [c for c in CONTRASTS.values() if c["votes"] == "counted"]
    measured = {c["study"] for c in CONTRASTS.values() if c["votes"] == "context"}
    assert found.n_up + found.n_down + found.n_none == len(counted) + len(measured)


def test_the_study_of_the_data_at_hand_does_not_vote():
    found = signatures.direction("mapk_output", "melanoma", without=["stauffer2024"])
    assert set(found.votes["study"]) == {"hayford2024"}
    assert (found.n_up, found.n_down) == (0, 3)
    none = signatures.direction(
        "mapk_output", "melanoma", without=["stauffer2024", "hayford2024"]
    )
    assert none.direction == "two-sided"
    assert none.sentence == "Not shown in melanoma: no contrast has a say."


def test_no_list_comes_from_a_study_that_was_measured():
    """Measured contrasts judge every list, so none may be made of their data."""
    measured = {c["study"] for c in CONTRASTS.values() if c["kind"] == "measured"}
    assert measured == {"stauffer2024", "hayford2024", "vangalen2019", "aissa2021"}
    for name in signatures.available().index:
        assert not measured & set(signatures.load(name).provenance.studies), name


def test_tumor_and_drug_must_both_match():
    both = signatures.direction("emt", ("lung", "EGFR inhibitor"))
    assert list(both.votes["contrast"]) == ["Moghal LUAD"]
    assert signatures.direction("emt", ("melanoma", "chemotherapy")).votes.empty


def test_contrasts_of_low_confidence_are_shown_and_never_counted():
    shown = {name for name, c in CONTRASTS.items() if c["votes"] == "shown"}
    assert shown == {"GSE153183", "GSE114647", "PC9"}
    for axis in signatures.axes():
        assert not shown & set(signatures.direction(axis).votes["contrast"])


@pytest.mark.parametrize(
    "axis", ["redox_nrf2", "ros_production", "oxphos", "kdm5_chromatin", "ferroptosis"]
)
def test_axes_that_are_two_sided_by_rule_stay_so_in_every_context(axis):
    for context in (None, "melanoma", "breast", "chemotherapy"):
        found = signatures.direction(axis, context)
        assert found.direction == "two-sided"
        assert "two-sided by rule" in found.sentence


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("emtt",), "There is no axis 'emtt'"),
        (("emt", "kidney"), "No contrast is about 'kidney'. Tumors are breast"),
    ],
)
def test_unknown_words_are_named(arguments, message):
    with pytest.raises(SignatureError, match=message):
        signatures.direction(*arguments)
    with pytest.raises(SignatureError, match="There is no study 'mine'"):
        signatures.direction("emt", without=["mine"])


def test_every_axis_has_a_row_and_every_contrast_a_column():
    assert list(VOTES) == list(signatures.axes())
    assert list(next(iter(VOTES.values())))[1:] == list(CONTRASTS)


@pytest.mark.slow
def test_heat_table_of_the_page_is_current(build_script):
    heat = build_script("heat")
    text = heat.README.read_text(encoding="utf-8")
    assert heat.rendered(text) == text
    assert heat.axis_change("mapk_output", "A375") < -4
