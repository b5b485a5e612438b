"""Read signatures from TOML files, GMT files and folders of both."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dtpscore.errors import SignatureError
from dtpscore.signatures._gmt import read_gmt
from dtpscore.signatures._model import Signature, problems

if TYPE_CHECKING:
    from collections.abc import Mapping

# Files of the shipped folder that are not signatures.
TABLES = frozenset({"axes", "vulnerabilities", "not_scorable"})


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
        msg = f"{origin} is not a valid signature: {problems(error)}."
        raise SignatureError(msg) from error


def read_toml(path: Path) -> Signature:
    """Read the one signature of a TOML file."""
    signature = _validate(parse_toml(path), str(path))
    if signature.name != path.stem:
        msg = f"{path}: the name is {signature.name!r} but the file is {path.stem!r}."
        raise SignatureError(msg)
    return signature


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
        The path does not exist, has another ending, or holds no valid signature, or
        two files of the folder use the same name.
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path)
    if not path.is_file():
        msg = f"There is no signature file {path}."
        raise SignatureError(msg)
    if path.suffix.lower() == ".gmt":
        return read_gmt(path)
    if path.suffix.lower() == ".toml":
        return [read_toml(path)]
    msg = f"{path} must end in .toml or .gmt, or be a folder of such files."
    raise SignatureError(msg)


def _read_folder(folder: Path) -> list[Signature]:
    paths = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in {".toml", ".gmt"} and path.stem not in TABLES
    ]
    if not paths:
        msg = f"The folder {folder} holds no .toml or .gmt file."
        raise SignatureError(msg)
    found: dict[str, Path] = {}
    signatures = []
    for path in paths:
        for signature in read(path):
            if signature.name in found:
                msg = (
                    f"{path} and {found[signature.name]} both define "
                    f"{signature.name!r}. Rename one of them."
                )
                raise SignatureError(msg)
            found[signature.name] = path
            signatures.append(signature)
    return signatures
