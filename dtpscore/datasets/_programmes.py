"""Simulated genes: baseline, noise, and which programme moves which gene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore import signatures as library
from dtpscore._genes import orthologs
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.random import Generator
    from numpy.typing import NDArray

    from dtpscore.datasets._difficulty import Difficulty


@dataclass(frozen=True)
class Programme:
    """Genes of one signature that move with progress.

    Attributes
    ----------
    signature
        Name of the shipped signature that a part of the genes is drawn from.
    sign
        Whether its score rises (1) or falls (-1) with progress. 0 where published
        contrasts disagree: every simulated experiment draws its own sign.
    onset
        Progress at which the programme is half on.
    strength
        Size of its effects, relative to the other programmes.
    """

    signature: str
    sign: int
    onset: float
    strength: float = 1.0


# Broad published lists, not the ones that are scored by default: a simulation must not
# plant just what the scores look for.
# Signs follow the published contrasts (see signatures/README.md). The onsets are
# chosen so that the order of programmes can be looked for; they are not measured.
# Genes that recur over many studies are taken to move more than the others.
PROGRAMMES = (
    Programme("dtp_consensus_no_cycle", 1, 0.35, strength=2.0),
    Programme("hallmark_tnfa_signaling_via_nfkb", 1, 0.20),
    Programme("hallmark_interferon_alpha_response", 1, 0.30),
    Programme("hallmark_mtorc1_signaling", -1, 0.25),
    Programme("hallmark_myc_targets_v1", -1, 0.30),
    Programme("hallmark_myc_targets_v2", -1, 0.30),
    Programme("diapause_rehman2021_signed", 1, 0.45),
    Programme("hallmark_epithelial_mesenchymal_transition", 1, 0.50),
    Programme("yap_taz_wang2018_22", 1, 0.55),
    Programme("senescence_fridman2008", 1, 0.60),
    Programme("hallmark_oxidative_phosphorylation", 0, 0.45),
    Programme("nrf2_singh2008", 0, 0.40),
    Programme("fao_reactome_mito", 0, 0.50),
)
S_PHASE = "tirosh2016_s_phase"
G2M_PHASE = "tirosh2016_g2m_phase"
DIVISION = "hallmark_e2f_targets"

# Rows of the effect matrix after those of the programmes.
EXTRA_ROWS = ("memory", "drug", "dividing", "S", "G2M")

# Share of a signature's genes that really move, drawn anew for each programme.
_MOVED = (0.5, 0.7)
# Change of the genes of a phase in that phase, and of E2F targets in dividing
# cells, log2; share of those genes that respond.
_PHASE_EFFECT = 1.8
_DIVISION_EFFECT = 0.8
_RESPONDING = 0.8
# Shares of the genes outside every signature.
_MEMORY_SHARE = 0.05
_DRUG_SHARE = 0.10
# Baseline: log-normal expression (spread of the natural log) and the share of genes
# that are next to silent in this cell type.
_BASE_SPREAD = 1.5
_SILENT_SHARE = 0.15
_SILENT_FACTOR = 0.02
# Squared coefficient of variation of a gene between equal cells.
_DISPERSION = (0.1, 0.4)


@dataclass(frozen=True)
class GeneTruth:
    """What is true of the genes.

    Attributes
    ----------
    names
        Symbols.
    baseline
        Natural log of the expected expression in a resting parental cell.
    dispersion
        Squared coefficient of variation between equal cells.
    effects
        Rows (programmes, then EXTRA_ROWS) by genes, log2 change at activity 1.
    signs
        The sign each programme has in this experiment.
    n_signature
        The first this many genes are listed in a signature.
    """

    names: tuple[str, ...]
    baseline: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    effects: NDArray[np.float64]
    signs: NDArray[np.int64]
    n_signature: int

    def frame(self) -> pd.DataFrame:
        """Truth for ``var``: what moves a gene and how much, by source."""
        import pandas as pd

        n = len(PROGRAMMES)
        effects = self.effects
        return pd.DataFrame(
            {
                "in_signature": np.arange(len(self.names)) < self.n_signature,
                "true_effect": effects[:n].sum(axis=0).astype(np.float32),
                "true_memory_effect": effects[n].astype(np.float32),
                "true_drug_effect": effects[n + 1].astype(np.float32),
                "true_cycle": (effects[n + 2 :] != 0).any(axis=0),
            },
            index=pd.Index(self.names, name="gene"),
        )

    def subset(self, columns: NDArray[np.int64]) -> GeneTruth:
        """Only these genes, given in ascending order."""
        return GeneTruth(
            names=tuple(self.names[column] for column in columns),
            baseline=self.baseline[columns],
            dispersion=self.dispersion[columns],
            effects=self.effects[:, columns],
            signs=self.signs,
            n_signature=int(np.sum(columns < self.n_signature)),
        )


def _listed(signature: library.Signature) -> tuple[str, ...]:
    return (*signature.genes.up, *signature.genes.down)


def _unique(genes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(genes))


def _universe(n_genes: int) -> tuple[list[str], int]:
    """Genes of the default signatures, then genes of no signature at all."""
    names = [programme.signature for programme in PROGRAMMES]
    names += [DIVISION, S_PHASE, G2M_PHASE]
    used = [*library.select(), *library.select(names=names)]
    listed = _unique(gene for signature in used for gene in _listed(signature))
    anywhere = {
        gene
        for name in library.available().index
        for gene in _listed(library.load(str(name)))
    }
    # Genes with a mouse ortholog are mostly protein-coding, as those measured are.
    others = [gene for gene in orthologs("human", "mouse") if gene not in anywhere]
    if n_genes > len(listed) + len(others):
        msg = f"n_genes must be at most {len(listed) + len(others)}, not {n_genes}."
        raise OptionError(msg)
    n_others = max(n_genes - len(listed), len(listed) // 4)
    spread = np.linspace(0, len(others) - 1, n_others).astype(int)
    return [*listed, *(others[place] for place in spread)], len(listed)


def _magnitudes(n: int, mean: float, rng: Generator) -> NDArray[np.float64]:
    """Positive and skewed: most genes move little, a few move a lot."""
    return mean * rng.standard_gamma(2.0, n) / 2.0


def _random_signs(n: int, share_negative: float, rng: Generator) -> NDArray[np.float64]:
    return np.where(rng.random(n) < share_negative, -1.0, 1.0)


def _programme_effects(
    column: dict[str, int], difficulty: Difficulty, rng: Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    effects = np.zeros((len(PROGRAMMES), len(column)))
    signs = np.zeros(len(PROGRAMMES), np.int64)
    for row, programme in enumerate(PROGRAMMES):
        coin = -1 if rng.random() < 0.5 else 1
        signs[row] = programme.sign or coin
        signature = library.load(programme.signature)
        genes = np.asarray([column[gene] for gene in _listed(signature)])
        half = np.where(np.arange(genes.size) < len(signature.genes.up), 1.0, -1.0)
        share = _MOVED[0] + (_MOVED[1] - _MOVED[0]) * rng.random()
        mean = difficulty.strength * programme.strength
        size = _magnitudes(genes.size, mean, rng)
        size *= _random_signs(genes.size, difficulty.opposite, rng)
        moved = rng.random(genes.size) < share
        effects[row, genes] = np.where(moved, signs[row] * half * size, 0.0)
    return effects, signs


def _outside_effects(
    effects: NDArray[np.float64], n_listed: int, strength: float, rng: Generator
) -> None:
    """Move as many genes of no signature as signature genes, either way."""
    n_moved = int((effects != 0).any(axis=0).sum())
    others = rng.permutation(np.arange(n_listed, effects.shape[1]))[:n_moved]
    rows = rng.integers(0, len(effects), others.size)
    size = _magnitudes(others.size, strength, rng)
    effects[rows, others] = size * _random_signs(others.size, 0.5, rng)


def _extra_effects(
    column: dict[str, int], n_listed: int, difficulty: Difficulty, rng: Generator
) -> NDArray[np.float64]:
    n_genes = len(column)
    effects = np.zeros((len(EXTRA_ROWS), n_genes))
    outside = np.arange(n_genes) >= n_listed
    for row, (share, mean) in enumerate(
        (
            (_MEMORY_SHARE, difficulty.strength),
            (_DRUG_SHARE, difficulty.drug_response),
        )
    ):
        chosen = outside & (rng.random(n_genes) < share)
        size = _magnitudes(n_genes, mean, rng) * _random_signs(n_genes, 0.5, rng)
        effects[row] = np.where(chosen, size, 0.0)
    for row, (name, mean) in enumerate(
        (
            (DIVISION, _DIVISION_EFFECT),
            (S_PHASE, _PHASE_EFFECT),
            (G2M_PHASE, _PHASE_EFFECT),
        ),
        start=2,
    ):
        genes = np.asarray([column[gene] for gene in _listed(library.load(name))])
        responding = rng.random(genes.size) < _RESPONDING
        size = _magnitudes(genes.size, mean, rng)
        effects[row, genes] = np.where(responding, size, 0.0)
    return effects


def draw_genes(n_genes: int, difficulty: Difficulty, rng: Generator) -> GeneTruth:
    """Choose the genes and draw baseline, noise and effects."""
    names, n_listed = _universe(n_genes)
    column = {name: place for place, name in enumerate(names)}
    effects, signs = _programme_effects(column, difficulty, rng)
    _outside_effects(effects, n_listed, difficulty.strength, rng)
    extra = _extra_effects(column, n_listed, difficulty, rng)
    baseline = _BASE_SPREAD * rng.standard_normal(len(names))
    silent = rng.random(len(names)) < _SILENT_SHARE
    baseline[silent] += np.log(_SILENT_FACTOR)
    low, high = _DISPERSION
    truth = GeneTruth(
        names=tuple(names),
        baseline=baseline,
        dispersion=low + (high - low) * rng.random(len(names)),
        effects=np.vstack([effects, extra]),
        signs=signs,
        n_signature=n_listed,
    )
    if n_genes == len(names):
        return truth
    return truth.subset(np.sort(rng.permutation(len(names))[:n_genes]))
