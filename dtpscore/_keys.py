"""Every name that dtpscore writes into an AnnData, in one place."""

from __future__ import annotations

SCORES = "dtp_scores"
CALL = "dtp_call"
INDEX = "dtp_index"
SHIFT = "dtp_shift"
LIBRARY_SHIFT = "dtp_library_shift"
PROLIFERATION = "dtp_proliferation"
REASON = "dtp_reason"
EVIDENCE = "dtp_evidence"
PVALUE = "dtp_pvalue"
QVALUE = "dtp_qvalue"
CONTRIBUTIONS = "dtp_contributions"
CALL_AXES = "dtp_call_axes"
PSEUDOTIME = "dtp_pseudotime"
TRENDS = "dtp_trends"
ENRICHMENT = "dtp_enrichment"
LINEAGES = "dtp_lineages"
LINEAGE = "dtp_lineage"
VULNERABILITIES = "dtp_vulnerabilities"
ENGAGEMENT = "dtp_engagement"
RESISTANCE = "dtp_resistance"
COMPARE = "dtp_compare"
PROGRAMS = "dtp_programs"
DATASET = "dtpscore_dataset"  # where public data come from


def axis_column(axis: str, key_added: str = SCORES) -> str:
    """Name of the ``obs`` column that holds one axis of a score frame.

    The default frame gives ``dtp_<axis>``; a frame under another key keeps
    that key as its prefix, so that two methods can stand side by side.
    """
    prefix = "dtp" if key_added == SCORES else key_added
    return f"{prefix}_{axis}"


# Columns of obs that other steps write, or that start as theirs do.
_TAKEN = frozenset(
    {
        CALL,
        INDEX,
        SHIFT,
        LIBRARY_SHIFT,
        PROLIFERATION,
        REASON,
        EVIDENCE,
        PVALUE,
        QVALUE,
        LINEAGE,
        ENGAGEMENT,
    }
)


def is_taken(name: str) -> bool:
    """Whether ``dtp_<name>`` is, or may become, a column of another step."""
    column = axis_column(name)
    return column in _TAKEN or column.startswith((PSEUDOTIME, TRENDS))


def control_z(key_added: str = SCORES) -> str:
    """``obsm`` key of the control-matched z-scores of a score frame."""
    return f"{key_added}_z"


def control_pvalue(key_added: str = SCORES) -> str:
    """``obsm`` key of the p-values that belong to the control z-scores."""
    return f"{key_added}_pvalue"


def lazy_axes(key_added: str = SCORES) -> str:
    """``obsm`` key of the axes of scores that are not computed yet."""
    return f"{key_added}_axes"


def lazy_checks(key_added: str = SCORES) -> str:
    """``obsm`` key of what shall be checked when these scores are computed."""
    return f"{key_added}_checks"


def lineage_column(key_added: str = LINEAGES) -> str:
    """``obs`` column with the clone of each cell."""
    return LINEAGE if key_added == LINEAGES else f"{key_added}_clone"


def call_keys(key_added: str = CALL) -> dict[str, str]:
    """Name of each thing that a call writes, by what it is.

    ``call`` to ``qvalue`` are columns of ``obs``, ``contributions`` and ``axes`` are
    keys of ``obsm``, and ``record`` and ``colors`` are keys of ``uns``. Calls under
    another key than the default keep that key as their prefix, so that two runs can
    stand side by side.
    """
    prefix = "dtp" if key_added == CALL else key_added
    columns = ("reason", "evidence", "index", "proliferation", "shift", "library_shift")
    return {
        "call": key_added,
        **{name: f"{prefix}_{name}" for name in (*columns, "pvalue", "qvalue")},
        "contributions": f"{prefix}_contributions",
        "axes": f"{key_added}_axes",
        "record": key_added,
        "colors": f"{key_added}_colors",
    }
