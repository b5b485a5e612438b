"""Look at what commands did: files that they opened, and what came out of them."""

from __future__ import annotations

import csv
import ctypes
import hashlib
import os
import re
import stat
import struct
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostile_case import SECRET

import dtpscore as dtp

if TYPE_CHECKING:
    from collections.abc import Iterable

# Events of inotify(7): a file was read, written, opened, moved, made or removed.
_EVENTS = 0x1 | 0x2 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200
_HEAD = struct.Struct("iIII")
# Control characters but for a line break, and those that turn the direction of text.
CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ")
_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"}
_CALLS = {"socket.connect", "urllib.Request", "webbrowser.open"}
_CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink"}
_CHANGES |= {"os.chmod", "os.chown", "os.truncate", "shutil.rmtree"}


class Opened:
    """Files of a folder that any process opened or changed meanwhile.

    Parameters
    ----------
    folder
        The folder; what is in its own folders is not seen.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._library = ctypes.CDLL(None, use_errno=True)

    def __enter__(self) -> Opened:
        self._number = self._library.inotify_init1(os.O_NONBLOCK)
        name = os.fsencode(self._folder)
        if self._library.inotify_add_watch(self._number, name, _EVENTS) < 0:
            msg = f"the system does not say who opens files of {self._folder}"
            raise OSError(ctypes.get_errno(), msg)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._content = os.read(self._number, 2**20)
        except BlockingIOError:
            self._content = b""
        os.close(self._number)

    def names(self) -> list[str]:
        """Names of the files, once the block has ended."""
        found, at = [], 0
        while at < len(self._content):
            _, _, _, length = _HEAD.unpack_from(self._content, at)
            at += _HEAD.size
            name = self._content[at : at + length].rstrip(b"\0")
            at += length
            if name:  # the folder itself may be listed
                found.append(os.fsdecode(name))
        return found


def watch_python(folder: Path, events: Path) -> None:
    """Write down what this process does outside of a folder from now on.

    Starting programs, calling addresses, and writing, moving or removing files.
    Compiled code that numba keeps is left out.
    """
    number = os.open(events, os.O_WRONLY | os.O_APPEND)
    inside = (f"{folder}{os.sep}", "/dev/null", "/dev/tty")

    def outside(path: Any) -> bool:
        if not isinstance(path, str | bytes):
            return False
        whole = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - follows no link
        return not whole.startswith(inside) and "__pycache__" not in whole

    def listen(event: str, given: tuple[Any, ...]) -> None:
        said = ""
        if event in _STARTS:
            said = f"started {given[0]!r}"
        elif event in _CALLS:
            said = f"called {given!r}"
        elif event in _CHANGES and -1 in given[-2:] and outside(given[0]):
            said = f"{event} {given[0]!r}"
        elif event == "open" and _writes(given[2]) and outside(given[0]):
            said = f"wrote {given[0]!r}"
        if said:
            os.write(number, f"{said}\n".encode(errors="replace"))

    sys.addaudithook(listen)


def _writes(flags: Any) -> bool:
    return isinstance(flags, int) and bool(
        flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )


def shape(folder: Path) -> dict[str, str]:
    """Every name below a folder, with what stands there; links are not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            what = f"link to {str(path.readlink())!r}"
        elif stat.S_ISREG(mode):
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            what = str(stat.S_IFMT(mode))
        found[str(path.relative_to(folder))] = what
    return found


class _Parts(HTMLParser):
    """Elements with their attributes, and addresses, of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(f"<{tag}>")
        for name, value in attrs:
            self.found.add(f"<{tag} {name}>")
            if name in {"href", "src", "action", "data", "srcset", "style"}:
                text = value or ""
                start = text[:5] if text.startswith(("data:", "#")) else text
                self.found.add(f"{name}={'#' if start.startswith('#') else start}")
            if name in {"id", "class", "for"} and re.search(r"[^\w .-]", value or ""):
                self.found.add(f"{name}={value}")

    def handle_comment(self, data: str) -> None:
        self.found.add("<!-- -->")


def parts_of(html: str) -> set[str]:
    """Elements, attributes and addresses of a page."""
    reader = _Parts()
    reader.feed(html)
    reader.close()
    return reader.found


def plain_page(base: Path) -> set[str]:
    """Parts of pages of plain cells, also of one that has the words of many steps."""
    import anndata as ad

    adata = ad.read_h5ad(base / "cells.h5ad")
    dtp.tl.score(adata)
    dtp.tl.call(adata, groupby="condition", reference="parental", sample_key="sample")
    path = base / "plain.html"
    dtp.report(adata, path)
    found = parts_of(path.read_text(encoding="utf-8"))
    papers = dtp.signatures.vulnerabilities()["doi"].dropna()
    found |= {f"href=https://doi.org/{doi}" for doi in papers}
    template = Path(dtp.__file__).parent / "_report" / "template.html.j2"
    return found | {one for one in parts_of(template.read_text()) if "{" not in one}


def problem(said: str, outputs: Iterable[Path], plain: set[str]) -> str:
    """What is wrong with messages and outputs, or ``harmless``."""
    if SECRET in said:
        return "a message holds the private text"
    if odd := CONTROL.search(said):
        return f"a message holds {odd[0]!r}"
    for output in outputs:
        files = output.rglob("*") if output.is_dir() else [output]
        for path in files:
            if path.is_symlink() or not path.is_file():
                continue
            content = path.read_bytes()
            if SECRET.encode() in content:
                return f"{path.name} holds the private text"
            text = content.decode(errors="replace")
            if wrong := _wrong(path, text, plain):
                return f"{path.name}: {wrong}"
    return "harmless"


def _wrong(path: Path, text: str, plain: set[str]) -> str:
    if path.suffix == ".html":
        more = parts_of(text) - plain
        odd = CONTROL.search(text)
        return f"holds {odd[0]!r}" if odd else ", ".join(sorted(more)[:3])
    if path.suffix in {".csv", ".tsv"}:
        return _formula(path)
    if path.suffix == ".log":
        lines = text.splitlines()
        forged = [one for one in lines if not _LOG_LINE.match(one)]
        return f"line {forged[0]!r}" if forged else ""
    return ""


def _formula(path: Path) -> str:
    """First cell of a table that a spreadsheet would run."""
    csv.field_size_limit(2**30)
    with path.open(newline="", encoding="utf-8") as file:
        kind = "\t" if path.suffix == ".tsv" else ","
        for row in csv.reader(file, delimiter=kind):
            for cell in row:
                if cell.startswith(("=", "@", "\t", "\r")):
                    return f"cell {cell[:40]!r}"
                if cell.startswith(("+", "-")):
                    try:
                        float(cell)
                    except ValueError:
                        return f"cell {cell[:40]!r}"
    return ""
