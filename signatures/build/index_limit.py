"""How well a list of genes can point at persisters in contexts it has not seen.

Run ``python signatures/build/index_limit.py FOLDER`` with the folder of the real data
sets. It writes ``signatures/index_limit.tsv`` (AUROC of persister against parental
cells, lists by contexts) and ``signatures/index_shifts.tsv`` (AUROC of shifts that are
no persisters), of which ``heat.py`` makes the tables of ``signatures/README.md``.
``index_contexts.py`` says what the contexts are.

Four indices are made without any contrast of the tumor type of the context, all by
rules that were written down before they were measured:

``anew``
    The vote of ``consensus.py``, with one more vote per measured study, which says that
    a gene goes up where its log2 change exceeds 0.5 in three of four of its lines.
``weighted``
    The same votes weighted by confidence (high 1, medium 0.5). A gene enters where the
    weights one way exceed those the other way by 1.5 and by 75% of both, and counts by
    that difference.
``weighted, drug class``
    As ``weighted``, and contrasts of the class of the drug (targeted, or chemotherapy)
    count twice.
``weighted, drug class, engagement``
    The last one minus the mean of the lists of ``mapk_output`` where the drug is a
    targeted one. It sees that a drug hits its target, which is no persistence.

The shipped index has no vote from melanoma; one of its votes is of AML. Single lists
are shown with the best median and the best lowest value: chosen after the fact.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anndata as ad
import consensus
import index_contexts
import numpy as np
import pandas as pd
from index_contexts import Context, auroc

import dtpscore as dtp
from dtpscore import signatures as library
from dtpscore.signatures import Genes, Signature
from dtpscore.signatures._directions import table_rows

MIN_CHANGE = 0.5
MIN_SHARE = 0.75
WEIGHTS = {"high": 1.0, "medium": 0.5}
MIN_WEIGHT = 1.5
MIN_AGREED = 0.75
TARGETED = frozenset({"BRAF inhibitor", "EGFR inhibitor", "HER2 inhibitor"})
SAME_DRUG = 2.0
INDEX = "dtp_consensus_no_cycle"
INVERSE = "hallmark_e2f_targets"
ENGAGEMENT = "mapk_output"
MADE = ("anew", "weighted", "weighted, drug class")
ENGAGED = "weighted, drug class, engagement"

Vote = tuple[set[str], set[str], float, str]


def _changes(context: Context) -> pd.Series:
    """Log2 change of the mean, persister against parental, of detected genes."""
    counts = context.cells.X
    halves = []
    for half in (context.persister, ~context.persister):
        total = np.asarray(counts[half].sum(axis=0)).ravel()
        halves.append(np.log2(total / total.sum() * 1e6 + 5))
    return pd.Series(halves[0] - halves[1], index=context.cells.var_names)


def measured_votes(seen: list[Context]) -> tuple[set[str], set[str]]:
    """Genes that go up and down in enough contexts of one study."""
    table = pd.concat([_changes(context) for context in seen], axis=1)
    up = (table > MIN_CHANGE).mean(axis=1) >= MIN_SHARE
    down = (table < -MIN_CHANGE).mean(axis=1) >= MIN_SHARE
    return set(table.index[up]), set(table.index[down])


def _is_targeted(drug: str) -> bool:
    return bool(TARGETED & set(drug.split("|")))


def cast(tumor: str, every: list[Context]) -> list[Vote]:
    """Votes of all contrasts of other tumor types: up, down, weight, drug."""
    known = {row["contrast"]: row for row in table_rows("contrasts")}
    found: list[Vote] = []
    for label, names in consensus.VOTES.items():
        row = known[label]
        if tumor not in row["tumor"].split("|"):
            contrast = [library.load(name).genes for name in names]
            up = set().union(*(genes.up for genes in contrast))
            down = set().union(*(genes.down for genes in contrast))
            weight = WEIGHTS[row["confidence"]]
            found.append((up - down, down - up, weight, row["drug"]))
    for study in dict.fromkeys(context.study for context in every):
        seen = [c for c in every if c.study == study and c.tumor != tumor]
        if seen:
            row = next(r for r in known.values() if r["study"] == study)
            weight = WEIGHTS[row["confidence"]]
            found.append((*measured_votes(seen), weight, row["drug"]))
    return found


def anew(votes: list[Vote]) -> Genes:
    """Genes of an index by the rule of the consensus."""
    out, found = consensus.nuisance(), []
    for way in (0, 1):
        genes = set().union(*(one[way] for one in votes))
        found.append(
            sorted(
                gene
                for gene in genes - out
                if sum(gene in one[way] for one in votes) >= consensus.MIN_VOTES
                and not any(gene in one[1 - way] for one in votes)
            )
        )
    return Genes(up=tuple(found[0]), down=tuple(found[1]))


def weighted(votes: list[Vote], drug: str | None = None) -> Genes:
    """Genes of an index by weighted votes; with a drug, its class counts twice."""
    up: dict[str, float] = {}
    down: dict[str, float] = {}
    for rising, falling, confidence, given in votes:
        same = drug is not None and _is_targeted(given) == _is_targeted(drug)
        weight = confidence * (SAME_DRUG if same else 1.0)
        for genes, total in ((rising, up), (falling, down)):
            for gene in genes:
                total[gene] = total.get(gene, 0.0) + weight
    kept = {}
    for gene in {*up, *down} - consensus.nuisance():
        one, other = up.get(gene, 0.0), down.get(gene, 0.0)
        difference = one - other
        if abs(difference) >= max(MIN_WEIGHT, MIN_AGREED * (one + other)):
            kept[gene] = difference
    return Genes(
        up=tuple(sorted(gene for gene in kept if kept[gene] > 0)),
        down=tuple(sorted(gene for gene in kept if kept[gene] < 0)),
        weights={gene: abs(value) for gene, value in sorted(kept.items())},
    )


def made(tumor: str, drug: str, every: list[Context]) -> list[Signature]:
    """The indices without a contrast of a tumor type."""
    votes = cast(tumor, every)
    genes = (anew(votes), weighted(votes), weighted(votes, drug))
    base = library.load(INDEX)
    return [
        base.model_copy(update={"name": name, "genes": of_name})
        for name, of_name in zip(MADE, genes, strict=True)
    ]


def _lists() -> list[Signature]:
    table = library.available()
    kept = table["use"].isin(["default", "optional"]) & (
        table["axis"] != "published_contrasts"
    )
    return [library.load(str(name)) for name in table.index[kept]]


def values(context: Context, own: list[Signature], *, targeted: bool) -> pd.Series:
    """AUROC of every list in one context."""
    cells = context.cells
    bare = ad.AnnData(cells.X, obs=cells.obs[[]], var=cells.var[[]])
    scored = [*_lists(), *own]
    dtp.tl.score(bare, scored, method="mean", normalize="log1p", control=True)
    z = bare.obsm["dtp_scores_z"].copy()
    z[f"inverse {INVERSE}"] = -z[INVERSE]
    engaged = z[MADE[-1]]
    if targeted:
        names = library.available(axis=ENGAGEMENT, use="default").index
        engaged = engaged - z[list(names)].mean(axis=1)
    z[ENGAGED] = engaged
    return pd.Series(
        {
            name: auroc(z[name].to_numpy(), context.persister)
            for name in z.columns
            if z[name].notna().all()
        }
    )


def limits(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """AUROC (lists, contexts) of persisters, and of shifts that are none.

    The indices that judge the other shifts are made as for a tumor of no contrast
    under a targeted drug.
    """
    every = index_contexts.persisters(folder)
    seen = {
        context.name: values(
            context,
            made(context.tumor, context.drug, every),
            targeted=_is_targeted(context.drug),
        )
        for context in every
    }
    own = made("none", "EGFR inhibitor", every)
    other = {
        context.name: values(context, own, targeted=True)
        for context in index_contexts.no_persisters(folder)
    }
    return pd.DataFrame(seen), pd.DataFrame(other)


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ["DTPSCORE_DATA_DIR"]
    for frame, stem in zip(
        limits(Path(given)), ("index_limit", "index_shifts"), strict=True
    ):
        text = (
            frame.sort_index()
            .round(4)
            .to_csv(
                sep="\t", index_label="list", lineterminator="\n", float_format="%.4f"
            )
        )
        path = library.root() / f"{stem}.tsv"
        path.write_text(text, encoding="utf-8", newline="\n")
