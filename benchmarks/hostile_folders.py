"""Hostile paths, folders, text files and environments."""

from __future__ import annotations

import gzip
import os
import socket
from typing import TYPE_CHECKING

from hostile_case import DESIGN, RUN, SIGNATURE, Case, Place, score

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Commands = list[list[str]]

INPUT, OUTPUT, OWN, TEXT, SETTINGS = (
    "path of an input",
    "path of an output",
    "signatures and options",
    "cells as text, 10x or gzip",
    "environment",
)


def _input(path: str, *, refused: bool = True) -> Case:
    return Case(INPUT, path[:40], lambda _: [["check", path], *score(path)], refused)


def _made(name: str, make: Callable[[Path], object]) -> Case:
    def fill(place: Place) -> Commands:
        make(place.work / "in.h5ad")
        return [["check", "in.h5ad"], *score("in.h5ad")]

    return Case(INPUT, name, fill, refused=True)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


def _circle(path: Path) -> None:
    path.symlink_to(path)


INPUTS = [
    *map(_input, ("/dev/zero", "/dev/stdin", "/proc/self/mem", "/proc/self/environ")),
    *map(_input, ("/", ".", "", "~root/in.h5ad", "http://127.0.0.1:9/in.h5ad")),
    *map(_input, ("s3://bucket/in.zarr", "file:///etc/passwd", "x" * 5000)),
    _made("pipe", os.mkfifo),
    _made("socket", _socket),
    _made("link to itself", _circle),
    _made("link to /dev/zero", lambda path: path.symlink_to("/dev/zero")),
    _made("empty folder", lambda path: path.mkdir()),
]


def _output(name: str, make: Callable[[Place], Commands], *, refused: bool) -> Case:
    return Case(OUTPUT, name, make, refused)


def _out_link(target: str, *more: str) -> Callable[[Place], Commands]:
    def make(place: Place) -> Commands:
        path = place.cells()
        (place.work / "out.h5ad").symlink_to(target.format(beside=place.beside))
        return score(path, *more)

    return make


def _out_pipe(place: Place) -> Commands:
    os.mkfifo(place.work / "pipe")
    return _out_link("pipe", "--overwrite")(place)


def _words(*words: str) -> Callable[[Place], Commands]:
    """Run a command over a small file; ``{beside}`` is the folder beside."""

    def make(place: Place) -> Commands:
        place.cells()
        return [[word.format(beside=place.beside) for word in words]]

    return make


def _table_link(place: Place) -> Commands:
    """Tables go to a folder with a link of the name of one of them."""
    path = place.cells()
    (place.work / "tables").mkdir()
    victim = place.beside / "victim.csv"
    (place.work / "tables" / "dtp_scores.csv").symlink_to(victim)
    return score(path, "--csv", "tables")


def _over_other(place: Place) -> Commands:
    path = place.cells("in.zarr")
    (place.work / "out.zarr").mkdir()
    (place.work / "out.zarr" / "thesis.txt").write_text("mine")
    return score(path, "--overwrite")


OUTPUTS_ = [
    _output("link to a file", _out_link("{beside}/victim.h5ad"), refused=True),
    _output("link to nothing", _out_link("{beside}/new.h5ad"), refused=True),
    _output("link to itself", _out_link("out.h5ad"), refused=True),
    _output("link to a pipe", _out_pipe, refused=True),
    _output("table that is a link", _table_link, refused=True),
    _output("folder that is no zarr store", _over_other, refused=True),
    _output("the input", _words("score", "in.h5ad", "-o", "./in.h5ad", "--overwrite"),
            refused=True),
    _output("a report over a file", _words("report", "in.h5ad", "-o",
            "{beside}/victim.csv"), refused=True),
    *(
        _output(f"--key-added {key[:20]!r}",
                _words("score", "in.h5ad", "-o", "out.h5ad", *SIGNATURE,
                       "--csv", "tables", "--key-added", key), refused=False)
        for key in ("../../beside/victim", "/etc/x", "..", "a\x1b[2Jb", "n" * 300)
    ),
]  # fmt: skip


def _bomb() -> bytes:
    """Four GB of one letter, packed."""
    return gzip.compress(b"A" * 2**24) * 256


def _content(given: bytes | Callable[[], bytes]) -> bytes:
    return given if isinstance(given, bytes) else given()


def _own(
    name: str,
    file: str,
    content: bytes | Callable[[], bytes],
    *,
    refused: bool = False,
) -> Case:
    """Check and use a file of signatures."""

    def make(place: Place) -> Commands:
        place.cells()
        (place.work / file).write_bytes(_content(content))
        words = ["--signature-dir", file, "--csv", "tables"]
        return [["signatures", "validate", file], *score("in.h5ad", *words)]

    return Case(OWN, name, make, refused)


def _options(name: str, content: str) -> Case:
    """Read the options of a run from a file that says nothing good."""

    def make(place: Place) -> Commands:
        place.cells()
        text = content.format(beside=place.beside) if "{beside}" in content else content
        (place.work / "run.toml").write_text(text, "utf-8")
        return [["run", "in.h5ad", "-o", "out", "--config", "run.toml", *DESIGN[:4]]]

    return Case(OWN, name, make, refused=True)


_GENES = "\tVIM\tZEB1\tCDH2\n"
OWN_FILES = [
    _own("TOML of 100,000 lists in one another", "a.toml", b"a=" + b"[" * 100_000,
         refused=True),
    _own("TOML with a number of 5,000 digits", "a.toml", b"a=" + b"9" * 5000,
         refused=True),
    _own("TOML with NUL", "a.toml", b'name="a\x00"\nup=["VIM"]', refused=True),
    _own("TOML in UTF-16", "a.toml", 'name="a"\nup=["VIM"]'.encode("utf-16"),
         refused=True),
    _own("TOML with infinite weights", "a.toml",
         b'name="a"\nup=["VIM","ZEB1"]\nweights={VIM=inf,ZEB1=nan}', refused=True),
    _own("TOML with a name of another file", "a.toml",
         b'name="../../beside/victim"\nup=["VIM"]', refused=True),
    _own("GMT that is a bomb", "a.gmt.gz", _bomb, refused=True),
    _own("GMT with a name with path parts", "a.gmt",
         f"../../beside/victim\tx{_GENES}".encode()),
    _own("GMT with escapes", "a.gmt",
         f"\x1b]0;pwned\x07\t\x1b[2J\tVIM\x1b[31m{_GENES}".encode()),
    _own("GMT with formulas", "a.gmt",
         f"=cmd|' /C calc'!A0\t=1+1\t@x{_GENES}".encode()),
    _own("GMT with a script", "a.gmt",
         f"<script>alert(1)</script>\t</a>{_GENES}".encode()),
    _own("GMT with a name of 10,000 characters", "a.gmt",
         f"{'n' * 10_000}\tx{_GENES}".encode()),
    _own("GMT with infinite weights", "a.gmt",
         b"a\tx\tVIM,1e999\tZEB1,nan\tCDH2,-1e308\n"),
    _own("GMT with a mark of byte order", "a.gmt",
         b"\xef\xbb\xbfa\tx" + _GENES.encode()),
    _own("GMT in UTF-16", "a.gmt", f"a\tx{_GENES}".encode("utf-16")),
    _own("table with a formula", "a.csv",
         b"source,target,weight\n=1+1,VIM,1\n=1+1,ZEB1,1\n"),
    _own("table with weights that are words", "a.csv",
         b"source,target,weight\na,VIM,__import__('os')\n", refused=True),
    _options("options of 100,000 lists in one another", "a=" + "[" * 100_000),
    _options("options with a number of 5,000 digits", "seed=" + "9" * 5000),
    _options("options with genes in /etc/passwd", 'genes="/etc/passwd"'),
    _options("options with escapes", 'layer="\\u001b]52;c;cm0=\\u0007"'),
    _options("options with an unknown key of escapes", '"\\u001b[2J"=1'),
    Case(OWN, "signature with path parts",
         _words("signatures", "show", "../../../../../etc/passwd"), refused=True),
    Case(OWN, "data set with path parts",
         _words("datasets", "fetch", "../../etc/passwd"), refused=True),
    Case(OWN, "signature with escapes",
         _words("signatures", "show", "\x1b]0;x\x07\x9b2J"), refused=True),
]  # fmt: skip


def _file(
    name: str,
    file: str,
    content: bytes | Callable[[], bytes],
    *,
    refused: bool = False,
) -> Case:
    def make(place: Place) -> Commands:
        (place.work / file).write_bytes(_content(content))
        return score(file)

    return Case(TEXT, name, make, refused)


def _mtx(place: Place) -> Path:
    folder = place.work / "in"
    folder.mkdir()
    (folder / "matrix.mtx").write_text(
        "%%MatrixMarket matrix coordinate integer general\n3 2 2\n1 1 1\n2 2 5\n"
    )
    (folder / "genes.tsv").write_text("E1\tTOP2A\nE2\tMKI67\nE3\tPCNA\n")
    (folder / "barcodes.tsv").write_text("a\nb\n")
    return folder


def _linked_table(name: str) -> Callable[[Place], Commands]:
    def make(place: Place) -> Commands:
        table = _mtx(place) / name
        table.unlink()
        table.symlink_to(place.secret)
        return score("in")

    return make


def _matrix_says(head: str) -> Callable[[Place], Commands]:
    def make(place: Place) -> Commands:
        (_mtx(place) / "matrix.mtx").write_text(
            f"%%MatrixMarket matrix coordinate integer general\n{head}\n"
        )
        return score("in")

    return make


def _packed_bomb(place: Place) -> Commands:
    whole = (place.base / "small.h5ad").read_bytes()
    with gzip.open(place.work / "in.h5ad.gz", "wb", 1) as file:
        file.write(whole)
        for _ in range(64):
            file.write(bytes(2**24))
    return [["score", "in.h5ad.gz", "-o", "out.h5ad", *SIGNATURE]]


_ROWS = b"".join(b"%s,1,2\n" % g for g in (b"TOP2A", b"MKI67", b"PCNA", b"MCM5"))
TEXTS = [
    Case(TEXT, "packed h5ad that unpacks to 1 GB", _packed_bomb, refused=True),
    _file("table that is a bomb", "in.csv.gz", _bomb, refused=True),
    _file("table with formulas", "in.csv", b",=1+1,@x\n" + _ROWS),
    _file("table with escapes", "in.csv", b",a\x1b[2J,\x9b\x9b2Jb\n" + _ROWS),
    _file("table with NUL", "in.csv", b",a\x00,b\n" + _ROWS),
    _file("table of numbers without end", "in.csv", b",a\n" + b"TOP2A," + b"9" * 5000,
          refused=True),
    _file("table that is a program", "in.csv", b"#!/bin/sh\ntouch run-me\n",
          refused=True),
    _file("h5ad that is a zip", "in.h5ad", b"PK\x03\x04../../beside/victim.csv",
          refused=True),
    _file("h5ad that is a pickle", "in.h5ad", b"cos\nsystem\n(S'touch x'\ntR.",
          refused=True),
    *(
        Case(TEXT, f"10x folder whose {name} is a link", _linked_table(name),
             refused=True)
        for name in ("barcodes.tsv", "genes.tsv", "matrix.mtx")
    ),
    Case(TEXT, "10x matrix of 2^62 rows", _matrix_says(f"{2**62} {2**62} 1\n1 1 1"),
         refused=True),
    Case(TEXT, "10x matrix with negative places", _matrix_says("3 2 1\n-5 -9 1"),
         refused=True),
]  # fmt: skip


def _setting(name: str, value: str, *words: str, refused: bool = False) -> Case:
    def make(place: Place) -> Commands:
        place.cells()
        place.environment[name] = value.format(beside=place.beside)
        return [list(words)] if words else score("in.h5ad")

    return Case(SETTINGS, f"{name}={value}", make, refused)


def _drawing(place: Place) -> Commands:
    """Settings of matplotlib in the folder of the data ask for TeX and a module."""
    place.cells()
    (place.work / "matplotlibrc").write_text(
        "text.usetex: True\ntext.latex.preamble: \\input{/etc/passwd}\n"
    )
    return [RUN]


LIST = ("datasets", "list")
ENVIRONMENT = [
    _setting("DTPSCORE_DATA_DIR", "/dev/null", *LIST, refused=True),
    _setting("DTPSCORE_DATA_DIR", "/proc/self/mem", *LIST, refused=True),
    _setting("DTPSCORE_DATA_DIR", "\x1b]52;c;x\x07", *LIST, refused=True),
    _setting("DTPSCORE_DATA_DIR", "/", *LIST),
    _setting("XDG_CACHE_HOME", "/dev/null", *LIST),
    _setting("TMPDIR", "/dev/null"),
    _setting("TMPDIR", "{beside}/no\x1bsuch"),
    _setting("HDF5_PLUGIN_PATH", "{beside}"),
    Case(SETTINGS, "matplotlibrc in the folder of the data", _drawing),
]

CASES = [*INPUTS, *OUTPUTS_, *OWN_FILES, *TEXTS, *ENVIRONMENT]
