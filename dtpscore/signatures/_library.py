"""The shipped signatures: find, load and select them."""

from __future__ import annotations

import difflib
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from dtpscore._errors import SignatureError
from dtpscore._resources import signature_root
from dtpscore.signatures._gmt import read_gmt
from dtpscore.signatures._model import Axis, Signature, Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from dtpscore._types import Species

# Files of the folder that are not signatures.
_TABLES = frozenset({"axes", "vulnerabilities", "not_scorable"})


@cache
def root() -> Path:
    """Folder of the shipped signature files.

    An installed package carries them inside; in a checkout they are the top-level
    folder ``signatures``.
    """
    folder = signature_root()
    if not folder.is_dir():
        msg = f"The signature files are missing from this installation ({folder})."
        raise SignatureError(msg)
    return folder


def parse_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a malformed one is a SignatureError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path} is not a valid TOML file: {error}."
        raise SignatureError(msg) from error


def _validate(content: Mapping[str, Any], origin: str) -> Signature:
    try:
        return Signature.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in entry['loc']) or 'file'}: {entry['msg']}"
            for entry in error.errors()
        )
        msg = f"{origin} is not a valid signature: {wrong}."
        raise SignatureError(msg) from error


def _read_toml(path: Path) -> Signature:
    signature = _validate(parse_toml(path), str(path))
    if signature.name != path.stem:
        msg = f"{path}: the name is {signature.name!r} but the file is {path.stem!r}."
        raise SignatureError(msg)
    return signature


@cache
def _shipped() -> dict[str, Path]:
    return {
        path.stem: path
        for path in sorted(root().glob("*.toml"))
        if path.stem not in _TABLES
    }


@cache
def _load_shipped(name: str) -> Signature:
    return _read_toml(_shipped()[name])


def read(path: str | Path) -> list[Signature]:
    """Read signatures from a TOML file, a GMT file or a folder of both.

    Parameters
    ----------
    path
        A ``.toml`` file (one signature), a ``.gmt`` file, or a folder.

    Returns
    -------
    The signatures, in the order of the file, or of the file names.

    Raises
    ------
    SignatureError
        The path does not exist, has another ending, or holds no valid signature.
    """
    path = Path(path)
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.suffix in {".toml", ".gmt"})
        found = [p for p in found if p.stem not in _TABLES]
        if not found:
            msg = f"The folder {path} holds no .toml or .gmt file."
            raise SignatureError(msg)
        return [signature for p in found for signature in read(p)]
    if not path.is_file():
        msg = f"There is no signature file {path}."
        raise SignatureError(msg)
    if path.suffix == ".gmt":
        return read_gmt(path)
    if path.suffix == ".toml":
        return [_read_toml(path)]
    msg = f"{path} must end in .toml or .gmt, or be a folder of such files."
    raise SignatureError(msg)


def _check_known(kind: str, name: str, known: Iterable[str]) -> None:
    known = list(known)
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=4, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else "Nothing has a similar name."
    msg = (
        f"There is no {kind} {name!r}. {hint} "
        "'dtpscore signatures list' shows all there are."
    )
    raise SignatureError(msg)


def load(name: str) -> Signature:
    """Load one shipped signature.

    Raises
    ------
    SignatureError
        There is no signature of this name; the message has the nearest names.
    """
    _check_known("signature", name, _shipped())
    return _load_shipped(name)


@cache
def axes() -> dict[str, Axis]:
    """Axes by name, in their order of presentation."""
    content = parse_toml(root() / "axes.toml")
    return {
        name: Axis.model_validate({"name": name, **fields})
        for name, fields in content["axes"].items()
    }


def _check_filters(axes_asked: Iterable[str], uses: Iterable[str]) -> None:
    for axis in axes_asked:
        _check_known("axis", axis, axes())
    for use in uses:
        _check_known("use", use, get_args(Use))


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
    One row a signature, indexed by name: ``axis``, ``direction``, ``orientation``,
    ``use``, ``species``, ``n_up``, ``n_down``, ``confidence``, ``licence``,
    ``citation``, ``doi`` and ``title``.

    Raises
    ------
    SignatureError
        The axis or the use does not exist.
    """
    import pandas as pd

    _check_filters([axis] if axis else [], [use] if use else [])
    kept = [
        signature
        for signature in map(load, _shipped())
        if axis in (None, signature.axis)
        and use in (None, signature.use)
        and species in (None, signature.species)
    ]
    order = {name: place for place, name in enumerate(axes())}
    kept.sort(key=lambda signature: (order[signature.axis], signature.name))
    rows = [
        {
            "axis": signature.axis,
            "direction": signature.direction,
            "orientation": signature.orientation,
            "use": signature.use,
            "species": signature.species,
            "n_up": len(signature.genes.up),
            "n_down": len(signature.genes.down),
            "confidence": signature.provenance.confidence,
            "licence": signature.provenance.licence,
            "citation": signature.provenance.citation,
            "doi": signature.provenance.doi or "",
            "title": signature.title,
        }
        for signature in kept
    ]
    index = pd.Index([signature.name for signature in kept], name="name", dtype=object)
    columns = list(rows[0]) if rows else ["axis", "direction", "use"]
    return pd.DataFrame(rows, index=index, columns=columns)


def select(
    *,
    names: Iterable[str] | None = None,
    axes: Iterable[str] | None = None,
    use: str | Iterable[str] | None = None,
    directory: str | Path | None = None,
) -> list[Signature]:
    """Select signatures to score.

    Parameters
    ----------
    names
        Names of signatures; everything else is then ignored but ``directory``.
    axes
        Keep the signatures of these axes.
    use
        Keep the signatures with this use (or these). By default ``default`` and
        ``nuisance``, and with ``axes`` also ``lineage_gated``.
    directory
        A folder or file of further signatures, read with `read`. They can be named,
        and without ``names`` and ``axes`` they are added to the selection.

    Returns
    -------
    The signatures, in the order of ``names``, or by axis and name.

    Raises
    ------
    SignatureError
        A name, axis or use does not exist, a file is malformed, or a file uses the
        name of a shipped signature.
    """
    own = {} if directory is None else {s.name: s for s in read(directory)}
    taken = sorted(set(own) & set(_shipped()))
    if taken:
        msg = (
            f"{directory} uses names of shipped signatures: {', '.join(taken)}. "
            "Give them other names."
        )
        raise SignatureError(msg)
    if names is not None:
        return [own[name] if name in own else load(name) for name in names]
    wanted_axes = None if axes is None else list(axes)
    if use is None:
        uses = {"default", "nuisance"} | ({"lineage_gated"} if wanted_axes else set())
    else:
        uses = {use} if isinstance(use, str) else set(use)
    _check_filters(wanted_axes or [], uses)
    frame = available()
    keep = frame["use"].isin(uses)
    if wanted_axes is not None:
        keep &= frame["axis"].isin(wanted_axes)
    shipped = [load(str(name)) for name in frame.index[keep]]
    mine = [s for s in own.values() if wanted_axes is None or s.axis in wanted_axes]
    return shipped + mine
