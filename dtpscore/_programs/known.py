"""The published programs that an experiment is held against.

Two kinds of things are known of a program. Most are signed lists of genes, because
that is what papers print. Of contrasts that were measured from counts the package ships
how well each signature tells the two sides apart (``signatures/index_limit.tsv`` and
``index_shifts.tsv``); the values of their genes are not shipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dtpscore import _keys, signatures
from dtpscore._calling.panel import published_lists
from dtpscore.errors import SignatureError
from dtpscore.signatures._directions import contrast_rows, table_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from dtpscore.signatures import Signature

PERSISTER = "persister"
ARREST, STARVATION, STRESS = "cycle arrest", "starvation", "stress"
INTERFERON, LINE, RESISTANCE = "interferon", "line", "stable resistance"
OTHERS = (ARREST, STARVATION, STRESS, INTERFERON, LINE, RESISTANCE)
BY_LIST, BY_CONTRAST = "gene list", "measured contrast"
# Lists of what is no persistence. Which line is which side of a contrast of lines has
# no meaning, so its sign is not looked at.
_LISTS = {
    "slow_cycling_core": (ARREST, "cells that do not divide, over cell-cycle lists"),
    "g0_cdk_wiecek2023": (ARREST, "G0 under a CDK4/6 inhibitor"),
    "g0_contact_wiecek2023": (ARREST, "G0 by contact inhibition"),
    "g0_mek_wiecek2023": (ARREST, "G0 under a MEK inhibitor"),
    "g0_spontaneous_wiecek2023": (ARREST, "spontaneous G0"),
    "quiescence_graham2007_normal": (ARREST, "quiescent blood progenitors"),
    "g0_serum_wiecek2023": (STARVATION, "serum starvation"),
    "dissociation_broad2019": (STRESS, "stress of dissociation"),
    "gavish_mp07_stress_in_vitro": (STRESS, "stress in culture"),
    "hallmark_unfolded_protein_response": (STRESS, "unfolded proteins"),
    "hallmark_hypoxia": (STRESS, "hypoxia"),
    "hallmark_interferon_alpha_response": (INTERFERON, "interferon alpha"),
    "ifn_moserle2008": (INTERFERON, "interferon alpha, ovarian cancer"),
    "luminal_vs_mesenchymal_charafe2006": (LINE, "luminal or mesenchymal line"),
    "cisplatin_resistance_kang2004": (RESISTANCE, "stable resistance to cisplatin"),
    "doxorubicin_resistance_kang2004": (RESISTANCE, "stable resistance to doxorubicin"),
    "fluorouracil_resistance_kang2004": (
        RESISTANCE,
        "stable resistance to fluorouracil",
    ),
    "gefitinib_resistance_coldren2006": (RESISTANCE, "lines resistant to gefitinib"),
}
# What the measured shifts of index_shifts.tsv are, and the study of their data.
_SHIFTS = {
    "cycle": (ARREST, "cells that divide least", "tian2019"),
    "stress": (STRESS, "cells with most handling stress", "tian2019"),
    "interferon": (INTERFERON, "cells with most interferon response", "tian2019"),
    "line": (LINE, "untreated lines", "tian2019"),
    "subclone": (LINE, "untreated subclones", "hayford2024"),
}
_CENTER = 0.5


@dataclass(frozen=True)
class Program:
    """One published program.

    Attributes
    ----------
    name
        Name of the signature or of the measured contrast.
    kind
        ``persister``, or one of `OTHERS`.
    by
        ``gene list`` or ``measured contrast``.
    title
        What it is, in words.
    studies
        Studies that it was read from.
    clear
        Whether it is known what was compared. A program of which neither line nor drug
        is known is shown, and is never the nearest one.
    either
        Whether the program has no sign, as that of two lines.
    """

    name: str
    kind: str
    by: str
    title: str
    studies: tuple[str, ...]
    clear: bool = True
    either: bool = False


@dataclass(frozen=True)
class Known:
    """Programs, and what is needed to hold an experiment against them.

    Attributes
    ----------
    programs
        The programs, lists first.
    lists
        Signatures of the lists, in the order of the programs.
    described
        Signatures by which measured contrasts are described.
    contrasts
        float64 (signatures, contrasts): AUROC of each signature less one half.
    """

    programs: tuple[Program, ...]
    lists: tuple[Signature, ...]
    described: tuple[Signature, ...]
    contrasts: NDArray[np.float64]


def _unclear() -> set[str]:
    """Studies whose contrasts name neither line nor drug, or mix drug with line."""
    return {row["study"] for row in contrast_rows() if row["votes"] == "shown"}


def _list_programs(left_out: set[str]) -> list[tuple[Program, Signature]]:
    unclear, found = _unclear(), []
    for one in published_lists(set()):
        studies = one.provenance.studies
        clear = not set(studies) <= unclear
        program = Program(
            one.name, PERSISTER, BY_LIST, one.context, tuple(studies), clear
        )
        found.append((program, one))
    for name, (kind, title) in _LISTS.items():
        one = signatures.load(name)
        studies = tuple(one.provenance.studies)
        program = Program(name, kind, BY_LIST, title, studies, either=kind == LINE)
        found.append((program, one))
    return [
        (program, one)
        for program, one in found
        if not left_out & {program.name, *program.studies}
    ]


def _measured() -> dict[str, Program]:
    """Contrasts that were measured, by column of the tables."""
    told = {row["contrast"].replace(" ", "_"): row for row in contrast_rows()}
    found = {}
    for column in list(table_rows("index_limit")[0])[1:]:
        row = told[column]
        title = f"{row['tumor']}; {row['drug']} ({row['contrast']})"
        found[column] = Program(column, PERSISTER, BY_CONTRAST, title, (row["study"],))
    for column in list(table_rows("index_shifts")[0])[1:]:
        what, where = column.split(": ")
        kind, title, study = _SHIFTS[what]
        found[column] = Program(
            column,
            kind,
            BY_CONTRAST,
            f"{title} ({where.replace(', ', ' and ')})",
            (study,),
            either=kind == LINE,
        )
    return found


def known_programs(left_out: Iterable[str] = ()) -> Known:
    """Collect the published programs.

    Parameters
    ----------
    left_out
        Studies, signatures and measured contrasts that take no part.

    Raises
    ------
    SignatureError
        One of ``left_out`` is neither a program nor a study.
    """
    without, measured = set(left_out), _measured()
    every = [*(program for program, _ in _list_programs(set())), *measured.values()]
    names = {one.name for one in every} | {s for one in every for s in one.studies}
    unknown = sorted(without - names)
    if unknown:
        msg = (
            f"There is no program and no study {unknown[0]!r} to leave out. There are "
            f"{', '.join(sorted(names))}."
        )
        raise SignatureError(msg)
    lists = _list_programs(without)
    columns = [
        name for name, one in measured.items() if not without & {name, *one.studies}
    ]
    described, contrasts = _described(columns, without)
    return Known(
        (*(one for one, _ in lists), *(measured[name] for name in columns)),
        tuple(one for _, one in lists),
        described,
        contrasts,
    )


def _described(
    columns: list[str], without: set[str]
) -> tuple[tuple[Signature, ...], NDArray[np.float64]]:
    """Signatures that both tables hold, and what the contrasts did to them."""
    shipped = set(signatures.available().index)
    rows = {
        row["list"]: {**row, **other}
        for row in table_rows("index_limit")
        for other in table_rows("index_shifts")
        if row["list"] == other["list"] and row["list"] in shipped
    }
    found = [signatures.load(name) for name in rows]
    kept = [one for one in found if not without & set(one.provenance.studies)]
    values = [[float(rows[one.name][name]) for name in columns] for one in kept]
    return tuple(kept), np.array(values).reshape(len(kept), len(columns)) - _CENTER


def studies_named(uns: Mapping[str, Any]) -> tuple[str, ...]:
    """Find the known studies that the data say they come from.

    Looked at are ``uns["source"]`` and what `dtpscore.datasets.load` leaves in ``uns``.
    A paper is known by author and year (``Stauffer et al. 2024``), a series by its
    accession, a signature's paper by its DOI too.

    Parameters
    ----------
    uns
        ``uns`` of the data.
    """
    sources = [uns.get("source", ""), uns.get(_keys.DATASET, "")]
    parts = [
        part
        for one in sources
        for part in (one.values() if hasattr(one, "values") else [one])
    ]
    text = " ".join(str(part) for part in parts).lower()
    squeezed = re.sub("[^a-z0-9]", "", text)
    found = set()
    for program in (*(one for one, _ in _list_programs(set())), *_measured().values()):
        for study in program.studies:
            author, year = study[:-4], study[-4:]
            if study in squeezed or f"{author}etal{year}" in squeezed:
                found.add(study)
    for program, one in _list_programs(set()):
        if one.provenance.doi and one.provenance.doi.lower() in text:
            found |= set(program.studies)
    return tuple(sorted(found))
