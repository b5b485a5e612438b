"""Look at data: what they hold, what can be answered, and the command that fits."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dtpscore import _genes, signatures
from dtpscore._check import answers
from dtpscore._check.answers import INDEX, Coverage
from dtpscore._check.columns import Columns, find_columns, lanes, within
from dtpscore._check.depth import depths
from dtpscore._check.matrices import Matrix, best, check_values, matrices
from dtpscore._design import read_design
from dtpscore._genes._detect import names_of
from dtpscore._results.elements import Source, check_anndata, pick
from dtpscore.errors import DataError, DtpscoreError

if TYPE_CHECKING:
    from anndata import AnnData

    from dtpscore._check.answers import Answer
    from dtpscore._design import Design
    from dtpscore._options.check import CheckOptions
    from dtpscore._types import Species

# A signature with a smaller share of its genes is marked low when it is scored.
_ENOUGH = 0.5
# Gene names of which fewer are known may stand in a column of var.
_FEW_KNOWN = 0.05


@dataclass(frozen=True)
class Arm:
    """One group of cells.

    Attributes
    ----------
    group
        Its name.
    n_cells, n_samples
        Cells and samples.
    depth
        Median sum of values per cell; None where it is not known.
    smallest_share
        Smallest share of its cells that a call could find; None for the reference.
    """

    group: str
    n_cells: int
    n_samples: int
    depth: float | None
    smallest_share: float | None


@dataclass(frozen=True)
class Check:
    """What data hold, and what can be answered with them; its text is a short report.

    Attributes
    ----------
    n_cells, n_genes
        Size of the data.
    matrices
        Every matrix, with what its values are.
    matrix
        The matrix to use; None where all hold scaled values.
    species
        Species of the gene names, with the number of names known of each.
    known_genes
        Recognized gene names by species.
    columns
        Columns of the experiment.
    arms
        Groups of the experiment.
    times
        How times were read; empty without times.
    answers
        What can be answered.
    evidence_level, evidence_note
        Highest evidence level that calls can reach, and what it depends on.
    notes
        Sentences to read first.
    command
        The options that fit, as words of a command line.
    """

    n_cells: int
    n_genes: int
    matrices: tuple[Matrix, ...]
    matrix: Matrix | None
    species: Species
    known_genes: dict[str, int]
    columns: Columns
    arms: tuple[Arm, ...]
    times: str
    answers: tuple[Answer, ...]
    evidence_level: str
    evidence_note: str
    notes: tuple[str, ...]
    command: tuple[str, ...]

    def command_line(self, path: str = "cells.h5ad") -> str:
        """Return the command that fits, for a file."""
        words = ["dtpscore", "run", path, "-o", "results", *self.command]
        return shlex.join(words)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        found = {
            name: getattr(self, name) for name in ("n_cells", "n_genes", "species")
        }
        keys = self.columns.keys
        return {
            **found,
            "matrices": [
                {"name": m.name, "n_genes": m.n_genes, **asdict(m.judged)}
                for m in self.matrices
            ],
            "matrix": None if self.matrix is None else self.matrix.name,
            "known_genes": self.known_genes,
            "columns": {} if keys is None else asdict(keys),
            "columns_found": list(self.columns.found),
            "arms": [asdict(arm) for arm in self.arms],
            "times": self.times,
            "answers": [asdict(answer) for answer in self.answers],
            "evidence_level": self.evidence_level,
            "evidence_note": self.evidence_note,
            "notes": list(self.notes),
            "command": list(self.command),
        }

    def __str__(self) -> str:
        from dtpscore._check.text import as_text

        return as_text(self)

    __repr__ = __str__


def _known_genes(names: list[str]) -> dict[str, int]:
    species: tuple[Species, ...] = ("human", "mouse")
    return {one: len(names_of(names, one)) for one in species}


def _species(options: CheckOptions, known: dict[str, int]) -> Species:
    if options.species is not None:
        return options.species
    return "mouse" if known["mouse"] > known["human"] else "human"


def _gene_notes(adata: AnnData, known: dict[str, int], n_genes: int) -> list[str]:
    """Say where two species or no known names are among the genes."""
    more, fewer = sorted(known.values(), reverse=True)
    if fewer > _FEW_KNOWN * n_genes and fewer > more / 10:
        return [
            f"Genes of two species are there ({known['human']:,} human and "
            f"{known['mouse']:,} mouse names), as in a xenograft. Keep the cells and "
            "genes of the tumor first."
        ]
    if more < _FEW_KNOWN * n_genes:
        texts = [str(c) for c in adata.var.columns if adata.var[c].dtype.kind in "OT"]
        where = f" Columns of var with texts: {', '.join(texts)}." if texts else ""
        return [
            f"Only {more:,} of {n_genes:,} gene names are known.{where} Name the "
            "column with the gene names with --gene-symbols (gene_symbols=)."
        ]
    return []


def _coverage(names: list[str], species: Species) -> Coverage:
    """Count how many signatures have at least half of their genes."""
    import warnings

    chosen = signatures.select()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            coverage = _genes.match(chosen, names, species_of_data=species).coverage
    except DataError:
        return Coverage(0, len(chosen), 0.0)
    enough = coverage["fraction"] >= _ENOUGH
    index = float(coverage["fraction"].get(INDEX, 0.0))
    return Coverage(int(enough.sum()), len(chosen), index)


def _matrix(
    adata: AnnData, options: CheckOptions, found: list[Matrix]
) -> Matrix | None:
    if options.layer is None and not options.use_raw:
        return best(found)
    wanted = Source(options.layer, options.use_raw)
    pick(adata, wanted)
    return next(one for one in found if one.source == wanted)


def _arms(design: Design, depth: dict[str, float], alpha: float) -> tuple[Arm, ...]:
    import numpy as np

    has_reference = design.keys.reference is not None
    shares = answers.smallest_shares(design, alpha) if has_reference else {}
    return tuple(
        Arm(
            group=name,
            n_cells=int((design.group == name).sum()),
            n_samples=len(np.unique(design.library[design.group == name])),
            depth=depth.get(name),
            smallest_share=shares.get(name),
        )
        for name in design.groups
    )


def _command(
    columns: Columns, matrix: Matrix | None, options: CheckOptions, species: Species
) -> tuple[str, ...]:
    words: list[str] = []
    if columns.keys is not None:
        for name, value in asdict(columns.keys).items():
            flag = f"--{name.replace('_', '-')}"
            for one in value if isinstance(value, tuple) else (value,):
                words += [] if one is None else [flag, str(one)]
    if matrix is not None and matrix.source.use_raw:
        words.append("--use-raw")
    elif matrix is not None and matrix.source.layer is not None:
        words += ["--layer", matrix.source.layer]
    if options.gene_symbols is not None:
        words += ["--gene-symbols", options.gene_symbols]
    return (*words, *(["--species", species] if species != "human" else []))


def look(adata: AnnData, options: CheckOptions) -> Check:
    """Look at data; see `dtpscore.check`.

    Parameters
    ----------
    adata
        The data; nothing is written into them.
    options
        What is known already.
    """
    check_anndata(adata)
    found = matrices(adata)
    if not found:
        msg = "The data hold no matrix: X, raw and layers are all missing."
        raise DataError(msg)
    matrix = _matrix(adata, options, found)
    source = (matrix or found[0]).source
    values, names = pick(
        adata, Source(source.layer, source.use_raw, options.gene_symbols)
    )
    known = _known_genes(names)
    species = _species(options, known)
    columns = find_columns(adata.obs, options)
    notes = _gene_notes(adata, known, len(names))
    notes += [] if matrix is None else check_values(adata, matrix.source)
    design, refused = _design(adata, columns)
    notes += refused
    if columns.keys is not None:
        notes += [one for one in [within(adata.obs, columns.keys)] if one]
    if columns.keys is not None and columns.keys.sample_key is not None:
        notes += [one for one in [lanes(adata.obs, columns.keys.sample_key)] if one]
    depth = {} if design is None else depths(values, design.group)
    level, why = answers.evidence_level(design)
    covered = _coverage(names, species)
    return Check(
        n_cells=adata.n_obs,
        n_genes=len(names),
        matrices=tuple(found),
        matrix=matrix,
        species=species,
        known_genes=known,
        columns=columns,
        arms=() if design is None else _arms(design, depth, options.alpha),
        times="" if design is None or design.time is None else design.time.sentence,
        answers=(
            answers.score_answer(matrix, covered, known=max(known.values())),
            answers.call_answer(design, matrix, covered, alpha=options.alpha),
            answers.order_answer(design, matrix),
            answers.reversal_answer(design),
        ),
        evidence_level=level,
        evidence_note=why,
        notes=tuple(notes),
        command=_command(columns, matrix, options, species),
    )


def _design(adata: AnnData, columns: Columns) -> tuple[Design | None, list[str]]:
    """Read the experiment, or say why it cannot be read."""
    if columns.keys is None:
        there = ", ".join(str(name) for name in adata.obs.columns) or "none"
        return None, [
            "No column of obs looks like the groups of an experiment. Name it with "
            f"--groupby (groupby=). Columns there are: {there}."
        ]
    try:
        return read_design(adata.obs, columns.keys), []
    except DtpscoreError as error:
        return None, [str(error)]
