"""The shipped signatures: find, load and select them."""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING, NoReturn, get_args

from dtpscore._resources import signature_root
from dtpscore.errors import SignatureError
from dtpscore.signatures._model import Axis, Use
from dtpscore.signatures._own import Notes, unique
from dtpscore.signatures._read import TABLES, parse_toml, read, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from dtpscore._types import Species
    from dtpscore.signatures._model import Signature

# Fields that the table of signatures shows.
_OWN_COLUMNS = ("axis", "direction", "orientation", "use", "species")
_SOURCE_COLUMNS = ("confidence", "licence", "citation", "doi", "pmid")


@cache
def root() -> Path:
    """Folder of the shipped signature files.

    An installed package carries them inside; in a checkout they are the top-level
    folder ``signatures``.

    Returns
    -------
    Path of the folder.

    Raises
    ------
    SignatureError
        The installation is broken: the folder is not there.

    See Also
    --------
    dtpscore.signatures.read : Read such a folder or a file of it.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> (dtp.signatures.root() / "axes.toml").is_file()
    True
    """
    folder = signature_root()
    if not folder.is_dir():
        msg = f"The signature files are missing from this installation ({folder})."
        raise SignatureError(msg)
    return folder


@cache
def _shipped() -> dict[str, Path]:
    return {
        path.stem: path
        for path in sorted(root().glob("*.toml"))
        if path.stem not in TABLES
    }


@cache
def _load_shipped(name: str) -> Signature:
    return read_toml(_shipped()[name])


def check_known(kind: str, name: str, known: Iterable[str]) -> None:
    """Raise a SignatureError with the nearest names where a name is not known."""
    known = list(known)
    if name in known:
        return
    msg = f"There is no {kind} {name!r}. {_hint(kind, name, known)}"
    raise SignatureError(msg)


def _hint(kind: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=4, cutoff=0.5)
    near += [one for one in known if name and name.lower() in one]
    if near:
        found = f"Did you mean {', '.join(dict.fromkeys(near[:4]))}?"
    elif kind == "signature":
        found = (
            "Nothing has a similar name. Genes of your own come in a dictionary, such "
            "as {'mine': ['VIM', 'ZEB1']}, or in a GMT or TOML file."
        )
    else:
        return f"There are: {', '.join(known)}."
    return f"{found} 'dtpscore signatures list' shows all there are."


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def find(name: str) -> list[Signature] | None:
    """Shipped signatures of a name, or of an axis of this name, in any case.

    Returns
    -------
    One signature, or those that stand for the axis (its default ones, else all of
    it); None where nothing has the name.
    """
    if name in _shipped() or _plain(name) in _shipped():
        return [_load_shipped(name if name in _shipped() else _plain(name))]
    axis = _plain(name)
    if axis not in axes():
        return None
    return select(axes=axis) or select(axes=axis, use=get_args(Use))


def refuse_name(name: str) -> NoReturn:
    """Say that nothing is called so, with the nearest names."""
    check_known("signature", name, _shipped())
    raise AssertionError(name)


def load(name: str) -> Signature:
    """Load one shipped signature.

    Parameters
    ----------
    name
        Its name, as `available` lists it.

    Returns
    -------
    The signature.

    Raises
    ------
    SignatureError
        There is no signature of this name; the message has the nearest names.

    See Also
    --------
    dtpscore.signatures.available : The names.
    dtpscore.signatures.select : Several signatures at once.
    dtpscore.signatures.resolve : Names of axes and genes of your own too.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> one = dtp.signatures.load("tirosh2016_s_phase")
    >>> one.axis, len(one.genes.up)
    ('s_phase', 43)
    """
    check_known("signature", name, _shipped())
    return _load_shipped(name)


@cache
def axes() -> dict[str, Axis]:
    """Axes by name, in their order of presentation.

    Returns
    -------
    One `Axis` a key of ``axes.toml``.

    See Also
    --------
    dtpscore.signatures.direction : Which way an axis moves, and in which contrasts.
    dtpscore.signatures.available : The signatures of the axes.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.signatures.axes()["emt"].direction
    'up'
    """
    content = parse_toml(root() / "axes.toml")
    return {
        name: Axis.model_validate({"name": name, **fields})
        for name, fields in content["axes"].items()
    }


def _check_filters(axes_asked: Iterable[str], uses: Iterable[str]) -> None:
    for axis in axes_asked:
        check_known("axis", axis, axes())
    for use in uses:
        check_known("use", use, get_args(Use))


def available(
    *,
    axis: str | None = None,
    use: str | None = None,
    species: Species | None = None,
) -> pd.DataFrame:
    """Table of the shipped signatures.

    Parameters
    ----------
    axis, use, species
        Keep only the signatures with this value.

    Returns
    -------
    One row per signature, indexed by name: ``axis``, ``direction``, ``orientation``,
    ``use``, ``species``, ``n_up``, ``n_down``, ``confidence``, ``licence``,
    ``citation``, ``doi``, ``pmid`` and ``title``.

    Raises
    ------
    SignatureError
        The axis or the use does not exist.

    See Also
    --------
    dtpscore.signatures.load : One of them, with its genes.
    dtpscore.signatures.axes : The axes.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> dtp.signatures.available(axis="mtorc1", use="default").index.tolist()
    ['hallmark_mtorc1_signaling']
    """
    import pandas as pd

    _check_filters([axis] if axis else [], [use] if use else [])
    kept = [
        signature
        for signature in _sorted()
        if axis in (None, signature.axis)
        and use in (None, signature.use)
        and species in (None, signature.species)
    ]
    index = pd.Index([signature.name for signature in kept], name="name", dtype=object)
    columns = [*_OWN_COLUMNS, "n_up", "n_down", *_SOURCE_COLUMNS, "title"]
    return pd.DataFrame(map(_row, kept), index=index, columns=columns)


def _sorted() -> list[Signature]:
    """All shipped signatures, by axis and name."""
    order = {name: place for place, name in enumerate(axes())}
    return sorted(map(load, _shipped()), key=lambda one: (order[one.axis], one.name))


def _row(signature: Signature) -> dict[str, str | int]:
    source = signature.provenance
    return {
        **{column: getattr(signature, column) for column in _OWN_COLUMNS},
        "n_up": len(signature.genes.up),
        "n_down": len(signature.genes.down),
        **{column: getattr(source, column) or "" for column in _SOURCE_COLUMNS},
        "title": signature.title,
    }


def _as_list(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def select(
    *,
    names: str | Iterable[str] | None = None,
    axes: str | Iterable[str] | None = None,
    use: str | Iterable[str] | None = None,
    directory: str | Path | None = None,
) -> list[Signature]:
    """Select signatures to score.

    Parameters
    ----------
    names
        Name or names of signatures; everything else is then ignored but ``directory``.
    axes
        Keep the signatures of this axis (or these).
    use
        Keep the signatures with this use (or these). By default ``default`` and
        ``nuisance``, and with ``axes`` also ``lineage_gated``.
    directory
        A folder or file of further signatures, read with `read`. They can be named
        (before shipped ones of the same name), and without ``names`` and ``axes``
        they are added to the selection.

    Returns
    -------
    The signatures, in the order of ``names``, or by axis and name.

    Raises
    ------
    SignatureError
        A name, axis or use does not exist, or a file is malformed.

    Warns
    -----
    InputWarning
        A set of a file has the name of another signature, and is renamed.

    See Also
    --------
    dtpscore.signatures.resolve : What functions do with names and own genes.
    dtpscore.signatures.available : The table to select from.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> [one.name for one in dtp.signatures.select(axes=["s_phase", "g2m"])]
    ['tirosh2016_s_phase', 'tirosh2016_g2m_phase']
    """
    own = {} if directory is None else {s.name: s for s in read(directory)}
    if names is not None:
        return [own[name] if name in own else load(name) for name in _as_list(names)]
    wanted_axes = None if axes is None else _as_list(axes)
    if use is None:
        uses = ["default", "nuisance", *(["lineage_gated"] if wanted_axes else [])]
    else:
        uses = _as_list(use)
    _check_filters(wanted_axes or [], uses)
    shipped = [
        one
        for one in _sorted()
        if one.use in uses and (wanted_axes is None or one.axis in wanted_axes)
    ]
    mine = [s for s in own.values() if wanted_axes is None or s.axis in wanted_axes]
    notes = Notes(str(directory))
    selected = unique([*shipped, *mine], notes)
    notes.warn()
    return selected
