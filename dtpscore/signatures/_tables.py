"""Tables beside the signatures: vulnerabilities, and what RNA cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore.signatures._library import axes, check_known, root
from dtpscore.signatures._read import parse_toml

if TYPE_CHECKING:
    import pandas as pd


def _table(stem: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(parse_toml(root() / f"{stem}.toml")["entries"])


def vulnerabilities(axis: str | None = None) -> pd.DataFrame:
    """Read the published vulnerabilities of persisters, by axis.

    A vulnerability is what kills persisters in an experiment. It says nothing about
    the expression of its target: a dependency is not expression.

    Parameters
    ----------
    axis
        Keep the rows of this axis.

    Returns
    -------
    One row a publication: ``axis``, ``target``, ``agent``, ``paper``, ``doi``,
    ``context``, ``evidence`` (cell line, animal, trial or not stated), ``read`` (the
    abstract of the paper, or the review alone), ``review`` and ``caveat``.

    Raises
    ------
    SignatureError
        The axis does not exist.
    """
    table = _table("vulnerabilities")
    if axis is None:
        return table
    check_known("axis", axis, axes())
    return table[table["axis"] == axis].reset_index(drop=True)


def not_scorable() -> pd.DataFrame:
    """Read which mechanisms RNA cannot show, with the reason.

    Returns
    -------
    One row a mechanism: ``mechanism``, ``claim``, ``paper``, ``review``, ``kind``
    (why not, in one word or two), ``reason`` and ``instead``, what can be looked at.
    """
    return _table("not_scorable")
