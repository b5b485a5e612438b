"""The scoring methods: what each is, and what it needs.

Every method scores the up and the down genes of a signature alone and returns
``up - w_neg * down``, without clipping unless asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from dtpscore._methods import scorers
from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dtpscore._options.score import ScoreOptions
    from dtpscore._types import MethodName


@dataclass(frozen=True)
class Method:
    """One way to score a signature in a cell.

    Attributes
    ----------
    name
        What users call it.
    citation
        Paper that defines it, with DOI.
    on_ranks
        Looks at ranks within the cell only; values below 0 are refused.
    linear
        A weighted sum of per-gene values, so that the exact control exists.
    build
        Makes the scorer.
    needs_totals
        Needs the sums of each gene over all cells, one more pass over the data.
    """

    name: MethodName
    citation: str
    on_ranks: bool
    linear: bool
    build: Callable[[scorers.Setup], scorers.Scorer]
    needs_totals: Callable[[ScoreOptions], bool] = lambda _options: False


_ALL = (
    Method(
        name="ucell",
        citation="Andreatta & Carmona 2021, doi:10.1016/j.csbj.2021.06.043",
        on_ranks=True,
        linear=True,
        build=scorers.ucell,
    ),
    Method(
        name="aucell",
        citation="Aibar et al. 2017, doi:10.1038/nmeth.4463",
        on_ranks=True,
        linear=True,
        build=scorers.aucell,
        needs_totals=lambda options: options.auc_genes == "detected",
    ),
    Method(
        name="tirosh",
        citation="Tirosh et al. 2016, doi:10.1126/science.aad0501",
        on_ranks=False,
        linear=True,
        build=scorers.tirosh,
        needs_totals=lambda _options: True,
    ),
    Method(
        name="zscore",
        citation="Casado et al. 2013, doi:10.1126/scisignal.2003573",
        on_ranks=False,
        linear=True,
        build=scorers.zscore,
    ),
    Method(
        name="mean",
        citation="Badia-i-Mompel et al. 2022, doi:10.1093/bioadv/vbac016",
        on_ranks=False,
        linear=True,
        build=scorers.mean,
    ),
    Method(
        name="ssgsea",
        citation="Barbie et al. 2009, doi:10.1038/nature08460",
        on_ranks=True,
        linear=False,
        build=scorers.ssgsea,
    ),
)
METHODS: Mapping[str, Method] = MappingProxyType({one.name: one for one in _ALL})


def find_method(name: str, *, control: bool) -> Method:
    """Look up a method and check that it has a control if one is wanted."""
    if name not in METHODS:
        msg = f"method must be one of {', '.join(map(repr, METHODS))}, not {name!r}."
        raise OptionError(msg)
    method = METHODS[name]
    if control and not method.linear:
        having = ", ".join(one.name for one in METHODS.values() if one.linear)
        msg = (
            f"The exact control does not exist for {name!r}, whose score is not a sum "
            f"over genes. Leave control out, or use one of {having}."
        )
        raise OptionError(msg)
    return method


def needs_totals(method: Method, options: ScoreOptions, *, control: bool) -> bool:
    """Whether the sums of each gene over all cells are needed first."""
    return control or method.needs_totals(options)
