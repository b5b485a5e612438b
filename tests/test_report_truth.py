"""The page says what was done, in the words of the records, in every case."""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import cache
from unittest.mock import patch

import numpy as np
import pytest
import scipy.sparse as sp
from report_page import read_page
from small_calls import easy, logs

import dtpscore as dtp
from dtpscore import _report
from dtpscore._report.context import context
from dtpscore._report.model import Picture
from dtpscore._report.text import methods_section
from dtpscore.get import _records as records

pytestmark = pytest.mark.slow

KW = {"groupby": "condition", "reference": "parental", "sample_key": "sample"}
FEW = ["dtp_consensus_no_cycle", "tirosh2016_s_phase", "hallmark_e2f_targets"]


def decimals(adata):
    """Counts with decimals, as after the removal of ambient RNA."""
    made = adata.copy()
    counts = made.X.toarray().astype(float)
    profile = counts.sum(axis=0) / counts.sum()
    ambient = 0.05 * counts.sum(axis=1)[:, None] * profile
    made.X = sp.csr_matrix(np.clip(counts - ambient, 0, None))
    return made


def _score(adata, **more):
    dtp.tl.score(adata, FEW, **more)


def _call(adata, **more):
    dtp.tl.call(adata, **{"components": False, **KW, **more})


def _order(adata, **more):
    dtp.tl.pseudotime(
        adata, groupby="condition", reference="parental", method="dpt", **more
    )


def _enrich(adata, **more):
    dtp.tl.enrich(adata, FEW[2:], n_permutations=10, **{**KW, **more})


@cache
def made(case):
    """One result per case of the eight sentences that were once not true."""
    data = easy().copy()
    if case == "log values":
        data = logs(data)
        _score(data)
        _call(data)
        _enrich(data)
    elif case == "decimals":
        data = decimals(data)
        _score(data)
        _call(data)
    elif case == "one library":
        _call(data, sample_key=None)
    elif case == "clip":
        _score(data, clip=True)
    elif case == "own components":
        data.obsm["X_pca"] = np.random.default_rng(0).normal(size=(data.n_obs, 5))
        _order(data, use_rep="X_pca")
    elif case == "species":
        data.var_names = [name.capitalize() for name in data.var_names]
        _score(data, species="mouse")
    elif case == "own scores":
        dtp.tl.score(data)
        _call(data, scores="dtp_scores", components=True)
    elif case == "counts":
        _score(data)
        _call(data)
        # Many neighbors: the arms of these data lie far apart.
        _order(data, n_neighbors=200)
        _enrich(data)
    return data


CASES = {
    # case: what the page must not say, and what it must say
    "log values": (
        ["thinned at random", "counts were summed", "summed per sample"],
        ["not matched in depth, because the values are not counts", "averaged"],
    ),
    "decimals": (
        ["not matched in depth, because the values are not counts"],
        ["counts with decimals"],
    ),
    "one library": (
        ["holding out each reference sample", "are expected to be wrong"],
        ["one reference"],
    ),
    "clip": (["are not clipped"], ["below 0 were set to 0"]),
    "own components": (["in no cell-cycle"], ["X_pca"]),
    "species": (["human data"], ["data are from mouse"]),
    "own scores": (["control-matched z-scores of all signatures"], ["dtp_scores"]),
    "counts": (["not matched in depth, because the values are not counts"], ["summed"]),
}
RECORDS = {
    "dtp_scores": records.score_record,
    "dtp_call": records.call_record,
    "dtp_pseudotime": records.order_record,
    "dtp_trends": records.trends_record,
    "dtp_enrichment": records.enrich_record,
}


def plain(text):
    return " ".join(text.split())


@cache
def page(case):
    """Words of the whole page, and of its methods section."""
    data = made(case)
    with ExitStack() as patched:
        # Texts are looked at here, and pictures take long.
        for name in ("calls", "enrichment", "first", "path", "reversal", "scores"):
            where = f"dtpscore._report.{name}.picture"
            patched.enter_context(patch(where, lambda _, **told: Picture("", **told)))
        html = _report.render(_report.collect(data, **KW))
    section = methods_section(context(data, **KW))
    return plain(read_page(html).words), section


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_methods_are_the_sentences_of_the_records_and_no_others(case):
    data, (_, section) = made(case), page(case)
    wanted = [
        " ".join(read(data).methods) for key, read in RECORDS.items() if key in data.uns
    ]
    assert wanted
    assert [t for t in section.paragraphs if not t.startswith("Sources of")] == wanted
    assert all(len(text) > 60 for text in wanted)


@pytest.mark.parametrize("case", sorted(CASES))
def test_no_sentence_of_the_page_contradicts_what_was_done(case):
    words, _ = page(case)
    never, always = CASES[case]
    for text in never:
        assert text not in words, text
    for text in always:
        assert text in words, text


@pytest.mark.parametrize("case", ["log values", "decimals", "one library", "counts"])
def test_the_error_rate_is_told_as_the_record_has_it(case):
    words, _ = page(case)
    record = records.call_record(made(case))
    for sentence in record.error_rate:
        assert plain(sentence) in words
    told = re.findall(r"at most [\d.]+%[^.]*expected to be wrong", words)
    assert bool(told) == any("expected to be wrong" in one for one in record.error_rate)
    assert f"Evidence level {record.evidence_level}" in words


def test_messages_of_every_record_are_on_the_page():
    data, (words, _) = made("counts"), page("counts")
    for read in (records.call_record, records.order_record):
        for sentence in read(data).messages:
            assert plain(sentence) in words
