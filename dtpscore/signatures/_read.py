"""Read signatures from files and folders."""

from __future__ import annotations

import os
import tomllib
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dtpscore.errors import SignatureError
from dtpscore.signatures._gmt import file_source, read_gmt, read_text
from dtpscore.signatures._model import Signature, problems
from dtpscore.signatures._net import from_net
from dtpscore.signatures._own import GeneSet, Notes, finished, parse_gene, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Files of the shipped folder that are not signatures.
TABLES = frozenset({"axes", "vulnerabilities", "not_scorable"})


def parse_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; a malformed one is a SignatureError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise SignatureError(msg) from error
    except (ValueError, RecursionError) as error:
        # Also numbers of thousands of digits, and lists in lists without end.
        msg = f"{path} is not a valid TOML file: {str(error).rstrip('.')}."
        raise SignatureError(msg) from error


def _check_complete(content: Mapping[str, Any], origin: str) -> None:
    """Refuse a file that states its source and leaves other fields out.

    A user's file may hold no more than a name and genes. One with a source is meant
    to be kept and shared, so that nothing in it may be made up here.
    """
    if "provenance" not in content:
        return
    fields = Signature.model_fields.items()
    required = [name for name, field in fields if field.is_required()]
    missing = [name for name in required if name not in content]
    if missing:
        problem = "; ".join(f"{name}: Field required" for name in missing)
        msg = f"{origin} is not a valid signature: {problem}."
        raise SignatureError(msg)


def _validate(content: Mapping[str, Any], origin: str) -> Signature:
    _check_complete(content, origin)
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


def _kind(path: Path) -> str:
    """Return the ending of a signature file, without ``.gz``; "" for other files."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    ending = (suffixes[:-1] if packed else suffixes)[-1:]
    return ending[0] if ending and ending[0] in READERS else ""


def is_signature_file(text: str | Path) -> bool:
    """Whether a text is meant as the path of a file or folder of signatures."""
    if isinstance(text, Path):
        return True
    return bool(_kind(Path(text))) or (os.sep in text and Path(text).exists())


def _read_list(path: Path) -> list[Signature]:
    """Read a GMT file, or a list with one gene per line, named by its file."""
    lines = read_text(path).splitlines()
    if any("\t" in line for line in lines):
        return read_gmt(path)
    genes = [line.strip() for line in lines if not line.startswith("#")]
    name = path.name.removesuffix(".gz").removesuffix(".GZ").rpartition(".")[0]
    one = GeneSet(name, [parse_gene(gene) for gene in genes if gene])
    return finished([one], Notes(str(path)), source=file_source(path))


def _read_table(path: Path) -> list[Signature]:
    """Read a table with one row per gene and set."""
    import pandas as pd

    try:
        return from_net(
            pd.read_csv(StringIO(read_text(path)), sep=None, engine="python")
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        msg = f"{path}: {error}"
        raise SignatureError(msg) from error


def read(path: str | Path) -> list[Signature]:
    r"""Read signatures from a file, or from a folder of TOML and GMT files.

    Parameters
    ----------
    path
        A ``.toml`` file (one signature; ``name`` and ``up`` are enough), a ``.gmt``
        file, a ``.txt`` or ``.grp`` file (as GMT, or one gene per line), a ``.csv`` or
        ``.tsv`` table with the columns of `from_net`, or a folder of ``.toml`` and
        ``.gmt`` files. Text files may be gzipped (``.gmt.gz``).

    Returns
    -------
    The signatures, in the order of the file, or of the file names.

    Raises
    ------
    SignatureError
        The path does not exist, has another ending, or holds no valid signature.

    Warns
    -----
    InputWarning
        A line, a set or a gene is left out, or a second set of a name is renamed.

    See Also
    --------
    dtpscore.signatures.resolve : Everything that can be given for signatures.
    dtpscore.signatures.read_gmt : A GMT file alone.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import dtpscore as dtp
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.toml"
    >>> _ = path.write_text('name = "mine"\nup = ["VIM", "ZEB1"]\n')
    >>> [one.name for one in dtp.signatures.read(path)]
    ['mine']
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return _read_folder(path)
    if not path.is_file():
        msg = f"There is no signature file {path}."
        raise SignatureError(msg)
    if not _kind(path):
        msg = (
            f"{path} must be a folder or end in one of {', '.join(READERS)} (or in one "
            "of these and .gz)."
        )
        raise SignatureError(msg)
    return READERS[_kind(path)](path)


# How a file is read, by its ending. A new format is one line here.
READERS: Mapping[str, Callable[[Path], list[Signature]]] = {
    ".toml": lambda path: [read_toml(path)],
    ".gmt": read_gmt,
    ".txt": _read_list,
    ".grp": _read_list,
    ".csv": _read_table,
    ".tsv": _read_table,
}


def _read_folder(folder: Path) -> list[Signature]:
    paths = [
        path
        for path in sorted(folder.iterdir())
        if _kind(path) in {".toml", ".gmt"} and path.stem not in TABLES
    ]
    if not paths:
        msg = f"The folder {folder} holds no .toml or .gmt file."
        raise SignatureError(msg)
    notes = Notes(str(folder))
    found = unique((one for path in paths for one in read(path)), notes)
    notes.warn()
    return found
