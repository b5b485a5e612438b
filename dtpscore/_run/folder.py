"""The folder of a run: which one may be used, and which files in it are ours."""

from __future__ import annotations

import json
import shutil
import stat
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from dtpscore import _store
from dtpscore._run.lock import locked
from dtpscore._run.state import NO_RECORD, file_sha256, stamp
from dtpscore.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MARKER = "dtpscore_run.json"
STAGING = ".dtpscore_new"
VERSION = 1
_FORMAT = "dtpscore run folder"
# So many names of other files stand in a message.
_MOST = 3


@dataclass(frozen=True)
class Entry:
    """One file that a run wrote.

    Attributes
    ----------
    sha256
        Its checksum; empty while it is being written.
    stamp
        Size and time of change in short, which save reading a large file again.
    """

    sha256: str = ""
    stamp: str = ""


@dataclass
class RunFolder:
    """A folder that dtpscore made, with the record of every file that it wrote there.

    Attributes
    ----------
    path
        The folder.
    entries
        Entry of each file by its place below the folder, such as ``tables/x.csv``.
    """

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)

    def _save(self) -> None:
        content = {
            "format": _FORMAT,
            "version": VERSION,
            "about": "dtpscore wrote the files below and may replace them. It leaves "
            "every other file of this folder as it is.",
            "files": {
                name: {"sha256": entry.sha256, "stamp": entry.stamp}
                for name, entry in sorted(self.entries.items())
            },
        }
        with _store.beside(self.path / MARKER) as part:
            part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def check(self, names: Iterable[str]) -> None:
        """Check that files may be written at their places, before any work.

        Raises
        ------
        DataError
            A file stands there that dtpscore did not write, or that was changed since.
        """
        for name in names:
            self.refuse_links(name)
            path = self.path / name
            if not path.exists():
                continue
            if name not in self.entries:
                why = "was not written by dtpscore"
            elif self._changed(name):
                why = "was changed since dtpscore wrote it"
            else:
                continue
            msg = (
                f"{path} {why}, so it is not replaced. Move it to another place, or "
                "choose another folder with -o."
            )
            raise DataError(msg)

    def refuse_links(self, name: str) -> None:
        """Refuse a place below the folder that is elsewhere, or is no file.

        Whoever made the folder could have put a link there, through which the run
        would write to another file of the user.

        Raises
        ------
        DataError
            The place or a folder above it is a link, a pipe or a device.
        """
        parts = PurePosixPath(name)
        for one in (*list(parts.parents)[-2::-1], parts):
            path = self.path / one
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                return
            if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
                continue
            msg = (
                f"{path} is a link, a pipe or a device, and a run writes only into "
                "files of its own folder. Remove it, or choose another folder with -o."
            )
            raise DataError(msg)

    def _changed(self, name: str) -> bool:
        entry, path = self.entries[name], self.path / name
        if not entry.sha256 or entry.stamp == stamp(path):
            return False
        return entry.sha256 != file_sha256(path)

    def announce(self, *names: str) -> None:
        """Record files that are about to be written.

        This comes first, so that what a run that is killed leaves half-written is
        known as ours.
        """
        fresh = {name: Entry() for name in names if self.entries.get(name) != Entry()}
        if fresh:
            self.entries |= fresh
            self._save()

    def publish(self, staged: dict[str, Path]) -> None:
        """Give new files their places, all of them after all are whole.

        Parameters
        ----------
        staged
            Where each file is now, by its place below the folder.
        """
        self.check(staged)
        checksums = {name: file_sha256(path) for name, path in staged.items()}
        self.announce(*staged)
        for name, path in staged.items():
            target = self.path / name
            target.parent.mkdir(exist_ok=True)
            with _store.beside(target) as part:
                path.replace(part)
        for name, checksum in checksums.items():
            self.entries[name] = Entry(checksum, stamp(self.path / name))
        self._save()

    def remove(self, names: Iterable[str]) -> list[str]:
        """Take away files of an earlier run; those that somebody changed stay.

        Returns
        -------
        Names of the files that were changed and stay.
        """
        kept = []
        for name in names:
            path = self.path / name
            if name not in self.entries:
                continue
            if path.exists() and self._changed(name):
                kept.append(name)
            else:
                path.unlink(missing_ok=True)
            del self.entries[name]
        self._save()
        return kept

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Make a folder for new outputs, which get their places when all are whole."""
        place = self.path / STAGING
        shutil.rmtree(place, ignore_errors=True)
        with _store.cleaning_up():
            try:
                place.mkdir()
                yield place
            finally:
                shutil.rmtree(place, ignore_errors=True)


def _read(path: Path) -> RunFolder | None:
    """Read the record of a folder; None where it has none.

    Raises
    ------
    DataError
        The record is damaged or was written by a newer version.
    """
    marker = path / MARKER
    if not marker.is_file():
        return None
    RunFolder(path).refuse_links(MARKER)
    try:
        content: Any = json.loads(marker.read_text(encoding="utf-8"))
        version = content["version"] if content["format"] == _FORMAT else None
        files = {
            _inside(name): Entry(**entry) for name, entry in content["files"].items()
        }
    except NO_RECORD as error:
        msg = (
            f"{marker} cannot be read, so nobody knows which files of {path} dtpscore "
            "wrote. Choose another folder with -o."
        )
        raise DataError(msg) from error
    if version != VERSION:
        msg = (
            f"{path} was made by another version of dtpscore (its record has version "
            f"{version}, this dtpscore reads version {VERSION}). Choose another folder "
            "with -o."
        )
        raise DataError(msg)
    return RunFolder(path, files)


def _inside(name: str) -> str:
    """Name of a file below the folder, as a record may list it.

    Files of a record are replaced and removed, so one that lists ``../thesis.docx``
    would cost the user that file.

    Raises
    ------
    ValueError
        It is a place outside.
    """
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or "\0" in name:
        msg = f"{name!r} lies outside of the folder"
        raise ValueError(msg)
    return name


def look(path: Path) -> RunFolder | None:
    """Find out whether a run may use a folder, and change nothing.

    Returns
    -------
    The record of a folder that an earlier run made, or None where a new one is to be
    made.

    Raises
    ------
    DataError
        The path is a file, or a folder that dtpscore did not make and that is not
        empty.
    """
    if not path.exists():
        return None
    if not path.is_dir():
        msg = (
            f"The folder {path} cannot be made: a file stands there. Choose another "
            "folder with -o."
        )
        raise DataError(msg)
    found = _read(path)
    if found is None:
        others = sorted(
            one.name for one in path.iterdir() if not one.name.startswith(".dtpscore")
        )
        if others:
            more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
            msg = (
                f"{path} is not a folder that dtpscore made, and it holds "
                f"{', '.join(others[:_MOST])}{more}. A run writes into an empty folder "
                "or into one of an earlier run, so that no file of yours is replaced. "
                "Choose another folder with -o."
            )
            raise DataError(msg)
    return found


@contextmanager
def opened(path: Path) -> Iterator[RunFolder]:
    """Take a folder for one run: make it where needed, lock it, and read its record.

    Raises
    ------
    DataError
        The folder may not be used, or another run is at work in it.
    """
    look(path)
    _store.make_folder(path)
    with locked(path):
        folder = look(path)
        if folder is None:
            folder = RunFolder(path)
            folder._save()
        # What a run that was killed left half-written.
        shutil.rmtree(path / STAGING, ignore_errors=True)
        yield folder
