"""Find a file in the local mirror or the cache, else download it, and check it."""

from __future__ import annotations

import gzip
import os
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dtpscore.datasets._registry import File

MIRROR = "DTPSCORE_DATA_DIR"
_MEBIBYTE = 1 << 20


def mirror() -> Path | None:
    """Folder that DTPSCORE_DATA_DIR names, None where it is not set."""
    named = os.environ.get(MIRROR)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        msg = f"{MIRROR} names {folder}, which is not a folder."
        raise DataError(msg)
    return folder


def cache() -> Path:
    """Folder that downloads go to; it may not exist yet."""
    import pooch

    return Path(pooch.os_cache("dtpscore"))


def locate(file: File) -> Path | None:
    """Path of a file that is here already: in the mirror, its ``raw``, or the cache."""
    local = mirror()
    places = [local, local / "raw"] if local is not None else []
    for folder in (*places, cache()):
        path = folder / file.name
        if path.is_file():
            return path
    return None


def _checked(file: File, path: Path) -> Path:
    import pooch

    if file.sha256 is None:
        return path
    found = pooch.file_hash(str(path), alg="sha256")
    if found != file.sha256:
        msg = (
            f"{path} is not the file that dtpscore knows under this name: its SHA-256 "
            f"is {found}, expected {file.sha256}. It is damaged or another version. "
            "Delete it and fetch it again."
        )
        raise DataError(msg)
    return path


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from logging what the progress bar and our errors say already."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_complete(path: str) -> None:
    """Read a gzip file to its end, which a download cut short does not have."""
    with gzip.open(path) as handle:
        while handle.read(_MEBIBYTE):
            pass


def _download(file: File, *, progress: bool) -> Path:
    import pooch

    fetch = pooch.HTTPDownloader(progressbar=progress)

    def download(url: str, output_file: str, client: Any) -> None:
        fetch(url, output_file, client)
        if file.sha256 is None and file.name.endswith(".gz"):
            _check_complete(output_file)

    with _quiet_pooch():
        # pooch writes to a temporary file and renames it once the checksum is right.
        path = pooch.retrieve(
            url=file.url,
            known_hash=file.sha256,
            fname=file.name,
            path=cache(),
            downloader=download,
        )
    return Path(path)


def _by_hand(file: File) -> str:
    checksum = f" (SHA-256 {file.sha256})" if file.sha256 else ""
    return (
        f"To use a copy, put {file.name}{checksum} into a folder and set {MIRROR} to "
        "that folder."
    )


def obtain(file: File, *, progress: bool = True) -> Path:
    """Path of a file, downloaded into the cache where it is not here yet.

    Raises
    ------
    DataError
        The file is not here and cannot be downloaded, or it is not the one that the
        registry describes. Nothing is left behind by a failed download.
    """
    path = locate(file)
    if path is not None:
        return _checked(file, path)
    if not file.url:
        msg = f"{file.name} is not here and has no address to download it from. "
        raise DataError(msg + _by_hand(file))
    try:
        return _download(file, progress=progress)
    # requests' errors are OSErrors; pooch raises ValueError for a wrong checksum.
    except (OSError, EOFError, zlib.error, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        msg = (
            f"{file.name} could not be downloaded from {file.url}: {reason} Nothing "
            f"was kept. Check the network and try again. {_by_hand(file)}"
        )
        raise DataError(msg) from error
