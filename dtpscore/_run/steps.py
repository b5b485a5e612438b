"""The steps of a run: what each needs, which choices decide it, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import signatures, tl

if TYPE_CHECKING:
    from collections.abc import Callable

    from anndata import AnnData

    from dtpscore._run.config import RunConfig


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Attributes
    ----------
    name
        Short name, also that of its file.
    title
        What a person reads while it runs.
    needs
        Steps without whose results it cannot be done.
    after
        Steps whose results it uses where they exist.
    choices
        Fields of the configuration that decide its result.
    work
        Computes and writes into the AnnData.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    choices: tuple[str, ...]
    work: Callable[[AnnData, RunConfig], Any]
    after: tuple[str, ...] = ()


def _score(adata: AnnData, config: RunConfig) -> None:
    tl.score(
        adata,
        method=config.method,
        layer=config.layer,
        gene_symbols=config.gene_symbols,
        species=config.species,
        random_state=config.seed,
    )


def _call(adata: AnnData, config: RunConfig) -> None:
    tl.call(
        adata,
        groupby=config.groupby,
        reference=config.reference,
        sample_key=config.sample_key,
        batch_key=config.batch_key,
        pair_key=config.pair_key,
        cell_type_key=config.cell_type_key,
        malignant=config.malignant,
        holiday=config.holiday,
        days_key=config.days_key,
        survival=config.survival,
        alpha=config.alpha,
        layer=config.layer,
        gene_symbols=config.gene_symbols,
        species=config.species,
        random_state=config.seed,
        quiet=True,
    )


def _pseudotime(adata: AnnData, config: RunConfig) -> None:
    tl.pseudotime(
        adata,
        groupby=config.groupby,
        reference=config.reference,
        time_key=config.time_key,
        sample_key=config.sample_key,
        replicate_key=config.replicate_key,
        holiday=config.holiday,
        layer=config.layer,
        gene_symbols=config.gene_symbols,
        species=config.species,
        seed=config.seed,
    )


def _trends(adata: AnnData, config: RunConfig) -> None:
    tl.trends(adata, seed=config.seed)


def _enrich(adata: AnnData, config: RunConfig) -> None:
    tl.enrich(
        adata,
        signatures.select(),
        groupby=config.groupby,
        reference=config.reference,
        # Samples of one patient on both sides are compared within the patient.
        sample_key=config.pair_key or config.sample_key,
        layer=config.layer,
        gmt=config.gmt,
        gene_symbols=config.gene_symbols,
        species=config.species,
        permutations=config.permutations,
        random_state=config.seed,
    )


_SOURCE = ("layer", "gene_symbols", "species")

STEPS = (
    Step(
        name="score",
        title="score signatures and axes",
        needs=(),
        choices=("method", "seed", *_SOURCE),
        work=_score,
    ),
    Step(
        name="call",
        title="call cells against the reference",
        needs=(),
        choices=(
            "groupby",
            "reference",
            "sample_key",
            "batch_key",
            "pair_key",
            "cell_type_key",
            "malignant",
            "holiday",
            "days_key",
            "survival",
            "alpha",
            "seed",
            *_SOURCE,
        ),
        work=_call,
    ),
    Step(
        name="pseudotime",
        title="order the cells",
        needs=(),
        after=("call",),
        choices=(
            "groupby",
            "reference",
            "sample_key",
            "replicate_key",
            "time_key",
            "holiday",
            "seed",
            *_SOURCE,
        ),
        work=_pseudotime,
    ),
    Step(
        name="trends",
        title="follow the axes along the order",
        needs=("pseudotime",),
        choices=("seed",),
        work=_trends,
    ),
    Step(
        name="enrich",
        title="test gene sets",
        needs=(),
        choices=(
            "groupby",
            "reference",
            "sample_key",
            "pair_key",
            "permutations",
            "gmt",
            "seed",
            *_SOURCE,
        ),
        work=_enrich,
    ),
)
