"""One meaning for everything that can be given where signatures are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dtpscore.signatures import _library
from dtpscore.signatures._model import Signature
from dtpscore.signatures._net import from_net
from dtpscore.signatures._own import (
    GeneSet,
    Notes,
    as_weights,
    finished,
    from_dict,
    is_missing,
    parse_gene,
    unique,
)
from dtpscore.signatures._read import is_signature_file, read

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dtpscore._types import Species

# Name of a set that came without one.
_UNNAMED = "genes"


def resolve(
    what: Any = None,
    *,
    gene_names: Collection[str] = (),
    species: Species | None = None,
) -> list[Signature]:
    """Signatures from whatever names or holds them.

    Every function of the package that takes signatures takes these forms.

    Parameters
    ----------
    what
        One of:

        - None: the signatures that are scored by default.
        - A name of a shipped signature or of an axis, in any case. An axis stands for
          its default signatures.
        - A path of a file or folder that `read` reads (a text counts as a path where
          it ends as such a file does).
        - A list of genes. This is one signature of the name ``genes``; ``CDH1-`` is a
          down gene and ``VIM+`` an up gene.
        - A dictionary of genes by set; see `from_dict` for its forms.
        - A Series of gene names, or of weights indexed by gene; its name names the
          signature.
        - A data frame as decoupler reads it; see `from_net`.
        - A `Signature`, or a list that mixes any of these that have names. In a list,
          a dictionary or a named Series takes the place of a list of genes.

        Missing values among names and genes are left out. A list of texts is read as
        names where each of them names a signature, an axis or a file, and as genes
        where most of them are names of genes.
    gene_names
        Gene names of the data, which tell genes from misspelled names of signatures.
        Human and mouse gene names are known without them.
    species
        Species of own genes; told from the names by default.

    Returns
    -------
    The signatures, with different names: one that is there twice is kept once, and a
    different one of a name that is taken gets a number.

    Raises
    ------
    SignatureError
        A text is neither a name nor a gene, a file cannot be used, or there are no
        genes.
    TypeError
        It is something else.

    Warns
    -----
    InputWarning
        A set or gene is left out, or a set is renamed.

    See Also
    --------
    dtpscore.signatures.select : Shipped signatures by axis and use.
    dtpscore.signatures.read : Signatures of a file.
    dtpscore.tl.score : Score any of these.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> [one.name for one in dtp.signatures.resolve("Hallmark_Hypoxia")]
    ['hallmark_hypoxia']
    >>> dtp.signatures.resolve(["VIM", "ZEB1", "CDH1-"])[0].genes.down
    ('CDH1',)
    """
    return _Resolver(frozenset(gene_names), species).all_of(what)


class _Resolver:
    def __init__(self, gene_names: frozenset[str], species: Species | None) -> None:
        self.gene_names = gene_names
        self.species = species

    def all_of(self, what: Any) -> list[Signature]:
        if what is None:
            return _library.select()
        if isinstance(what, Signature):
            return [what]
        if isinstance(what, str | Path):
            return self.named(what)
        if isinstance(what, Mapping):
            return from_dict(what, species=self.species)
        if hasattr(what, "columns"):
            return from_net(what, species=self.species)
        name = str(getattr(what, "name", None) or _UNNAMED)
        weights = as_weights(what)
        if weights is not None:
            return self.own(name, weights)
        if not isinstance(what, Iterable) or isinstance(what, bytes | type):
            _refuse(what)
        given = [one for one in what if not is_missing(one)]
        if isinstance(what, set | frozenset):
            given = sorted(given)
        if given and all(isinstance(one, str) for one in given):
            return self.texts(name, given)
        return self.mixed(given)

    def mixed(self, given: Sequence[Any]) -> list[Signature]:
        found = []
        for one in given:
            holds = isinstance(one, str | Path | Signature | Mapping)
            if not (holds or hasattr(one, "columns") or _is_named(one)):
                _refuse(one)
            found += self.all_of(one)
        return _different(found)

    def texts(self, name: str, given: Sequence[str]) -> list[Signature]:
        """Read a list of texts, as names or as genes."""
        named = [_is_name(text) for text in given]
        if not all(named):
            genes = [self.is_gene(parse_gene(text)[0]) for text in given]
            no_gene = [n and not g for n, g in zip(named, genes, strict=True)]
            if 2 * sum(genes) >= len(given) and not any(no_gene):
                return self.own(name, [parse_gene(text) for text in given])
            if any(genes):
                _refuse_mixture(given, named, genes)
        return _different(one for text in given for one in self.named(text))

    def named(self, text: str | Path) -> list[Signature]:
        if isinstance(text, Path) or is_signature_file(text):
            return read(text)
        found = _library.find(text)
        if found is None:
            # One word alone is more often a misspelled name than an old name of a gene.
            if self.is_gene(parse_gene(text)[0], current=True):
                return self.own(_UNNAMED, [parse_gene(text)])
            _library.refuse_name(text)
        return found

    def own(self, name: str, genes: list[tuple[str, float]]) -> list[Signature]:
        one = GeneSet(name, genes)
        return finished([one], Notes("The list of genes"), species=self.species)

    def is_gene(self, text: str, *, current: bool = False) -> bool:
        from dtpscore._genes import is_known

        return text in self.gene_names or is_known(text, current=current)


def _is_name(text: str) -> bool:
    return is_signature_file(text) or _library.find(text) is not None


def _is_named(one: Any) -> bool:
    """Whether this is a Series or an Index of pandas that has a name."""
    return hasattr(one, "to_frame") and one.name is not None


def _different(signatures: Iterable[Signature]) -> list[Signature]:
    notes = Notes("The signatures")
    found = unique(signatures, notes)
    notes.warn()
    return found


def _refuse_mixture(
    given: Sequence[str], named: Sequence[bool], genes: Sequence[bool]
) -> NoReturn:
    from dtpscore.errors import SignatureError

    def examples(chosen: Iterable[bool]) -> str:
        of = [repr(t) for t, yes in zip(given, chosen, strict=True) if yes]
        return ", ".join(of[:3])

    neither = [not n and not g for n, g in zip(named, genes, strict=True)]
    kinds = (
        (
            "names of signatures",
            [n and not g for n, g in zip(named, genes, strict=True)],
        ),
        ("genes", genes),
        ("neither", neither),
    )
    said = "; ".join(f"{what}: {examples(of)}" for what, of in kinds if any(of))
    msg = (
        f"The list is neither a list of names nor a list of genes ({said}). Give genes "
        "a name of their own in a dictionary, {'mine': ['VIM', 'ZEB1']}, and put it "
        "into the list beside the names of signatures."
    )
    raise SignatureError(msg)


def _refuse(value: object) -> NoReturn:
    msg = (
        "signatures must be names of shipped signatures or axes, a list of genes, a "
        "dictionary such as {'mine': ['VIM', 'ZEB1']}, a data frame with source and "
        "target, the path of a GMT or TOML file, or Signature objects, but this is a "
        f"{type(value).__name__}: {value!r}."
    )
    raise TypeError(msg)
