"""Colors of the calls, for plots and for other packages that read ``uns``."""

from __future__ import annotations

# They get darker towards the persister, so that they tell apart in gray as well.
STATE_COLORS = {
    "low quality": "#EFEFEF",
    "parental-like": "#A9CBE3",
    "uncertain": "#949494",
    "DTP-like cycling": "#D55E00",
    "DTP-like": "#5B1248",
}


def stored_as(column: str) -> str:
    """Key of ``uns`` in which scanpy keeps the colors of a column of ``obs``."""
    return f"{column}_colors"
