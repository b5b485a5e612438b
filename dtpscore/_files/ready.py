"""Check everything that can be wrong before the first step begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtpscore._calling.clone_column import read_clones
from dtpscore._check.matrices import check_values
from dtpscore._design import Design, DesignKeys, column, read_design
from dtpscore._results.elements import Source, pick, profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anndata import AnnData

    from dtpscore._options.base import Options
    from dtpscore._options.run import RunOptions
    from dtpscore.signatures import Signature


@dataclass(frozen=True)
class Ready:
    """What was read before the first step.

    Attributes
    ----------
    notes
        Sentences to tell first: how times were read, which matrix would fit better.
    signatures
        Signatures of the user's own file; None without one.
    design
        The experiment.
    """

    notes: tuple[str, ...]
    signatures: list[Signature] | None
    design: Design


def source_of(options: Options) -> Source:
    """Matrix and gene names that options name."""
    names = Source.__dataclass_fields__
    return Source(**{name: getattr(options, name) for name in names})


def check_options(adata: AnnData, options: Options) -> list[str]:
    """Check that the data have the columns, groups and values that options name.

    Returns
    -------
    Sentences to tell before the first step.

    Raises
    ------
    DataError
        A column, a group or a matrix does not exist, a time cannot be read, or the
        values are scaled.
    OptionError
        Options do not fit each other.
    """
    design = read_design(adata.obs, DesignKeys.of(options))
    index = getattr(options, "index_key", None)
    if index is not None:
        column(adata.obs, index, "index")
    clones = getattr(options, "clone_key", None)
    if clones is not None:
        read_clones(adata.obs, design, clones)
    ambient = getattr(options, "ambient_key", None)
    if ambient is not None:
        profile(adata, source_of(options), ambient)
    times = [design.time.sentence] if design.time and design.time.sentence else []
    return [*times, *check_values(adata, source_of(options))]


def check_genes(adata: AnnData, options: Options, genes: Sequence[str]) -> None:
    """Check that genes to follow are in the data.

    Raises
    ------
    DataError
        One is not.
    """
    from dtpscore._ordering.trends import gene_columns

    gene_columns(pick(adata, source_of(options))[1], genes)


def own_signatures(path: str | Path) -> list[Signature]:
    """Signatures of a file or folder of the user, to be used beside the shipped ones.

    A signature whose name a shipped one has gets another name.

    Raises
    ------
    SignatureError
        A file is malformed.
    """
    from dtpscore import signatures

    shipped = signatures.select()
    return signatures.resolve([*shipped, *signatures.read(Path(path))])[len(shipped) :]


def check_run(adata: AnnData, options: RunOptions) -> Ready:
    """Check everything that a run needs.

    Raises
    ------
    DataError
        A column, a group or a matrix does not exist, a time cannot be read, or the
        values are scaled.
    OptionError
        Options do not fit each other.
    SignatureError
        The file of signatures or the GMT file is malformed, or no contrast of
        persisters is about the context.
    """
    from dtpscore import signatures
    from dtpscore.signatures._directions import check_context

    notes = check_options(adata, options)
    check_context(options.context)
    own = None if options.genes is None else own_signatures(options.genes)
    for path in (options.gmt, options.drugs):
        if path is not None:
            signatures.read_gmt(path)
    design = read_design(adata.obs, DesignKeys.of(options))
    return Ready(tuple(notes), own, design)


def more_arguments(
    step: str, options: Options, own: Sequence[Signature] | None
) -> dict[str, Any]:
    """Arguments of a step that come from a file: the user's own signatures."""
    from dtpscore import signatures

    given = getattr(options, "signatures", None)
    if step == "score":
        chosen = given if own is None else [*signatures.select(), *own]
    elif step == "enrich":
        chosen = [*signatures.select(), *(own or ())]
    elif step == "trends" and own is not None:
        return {"scores": [signature.name for signature in own]}
    else:
        return {}
    return {"signatures": chosen}
