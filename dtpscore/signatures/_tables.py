"""Tables beside the signatures: vulnerabilities, and what RNA cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore.signatures._library import axes, check_known, root
from dtpscore.signatures._read import parse_toml

if TYPE_CHECKING:
    import pandas as pd


# Key of the attribute that names the axes without any row.
NONE_NAMED = "none_named"


def _table(stem: str) -> pd.DataFrame:
    import pandas as pd

    content = parse_toml(root() / f"{stem}.toml")
    table = pd.DataFrame(content["entries"])
    if NONE_NAMED in content:
        table.attrs[NONE_NAMED] = list(content[NONE_NAMED])
    return table


def vulnerabilities(axis: str | None = None) -> pd.DataFrame:
    """Read the published vulnerabilities of persisters, by axis.

    A vulnerability is what kills, prevents or wakes persisters in an experiment. It
    says nothing about the expression of its target: a dependency is not expression.

    Parameters
    ----------
    axis
        Keep the rows of this axis.

    Returns
    -------
    One row per publication and target: ``axis``, ``target``, ``genes`` (symbols of
    the target, joined by commas, so that their expression can be shown; empty where
    the target is a process), ``agent``, ``effect`` (kills, prevents, sensitizes,
    re-awakens or not stated), ``paper``, ``doi``, ``context``, ``evidence`` (cell
    line, animal, trial or not stated), ``read`` (the abstract of the paper, or the
    review alone), ``review`` and ``caveat``. ``attrs["none_named"]`` lists the
    persister axes for which the reviews name no such experiment.

    Raises
    ------
    SignatureError
        The axis does not exist.

    See Also
    --------
    dtpscore.tl.vulnerabilities : Hold them against data.
    dtpscore.signatures.not_scorable : What RNA cannot show.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> table = dtp.signatures.vulnerabilities("ferroptosis")
    >>> set(table["axis"]), "GPX4" in set(table["target"])
    ({'ferroptosis'}, True)
    """
    table = _table("vulnerabilities")
    if axis is None:
        return table
    check_known("axis", axis, axes())
    kept = table[table["axis"] == axis].reset_index(drop=True)
    kept.attrs = table.attrs
    return kept


def not_scorable() -> pd.DataFrame:
    """Read which mechanisms RNA cannot show, with the reason.

    Returns
    -------
    One row per mechanism: ``mechanism``, ``claim``, ``paper``, ``review``, ``kind``
    (why not, in one word or two), ``reason`` and ``instead``, what can be looked at.

    See Also
    --------
    dtpscore.signatures.vulnerabilities : Published vulnerabilities.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> list(dtp.signatures.not_scorable())[:3]
    ['mechanism', 'claim', 'paper']
    """
    return _table("not_scorable")
