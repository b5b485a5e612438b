"""What a look at vulnerabilities says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtpscore._vulnerabilities import rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dtpscore._options.vulnerabilities import VulnerabilityOptions
    from dtpscore._vulnerabilities.run import Arm, Input


def untested(genes: pd.DataFrame) -> bool:
    """Whether there are target genes, and none could be tested."""
    return len(genes) > 0 and bool(genes["pvalue"].isna().all())


def messages(data: Input, arms: Sequence[Arm], genes: pd.DataFrame) -> list[str]:
    told = [
        "Expression of a target is not dependency on it, and nothing here is a "
        "recommendation: each row is an experiment that others did and that could be "
        "tried in these cells.",
    ]
    if any(arm.cells == "called" for arm in arms):
        told.append(
            "Called cells were chosen by their expression, so target genes that belong "
            "to what the calls learned from differ partly for that reason."
        )
    if data.axes is None:
        told.append(
            "No axes are scored, so it is not known which moved. Run "
            "dtpscore.tl.score first."
        )
    if untested(genes):
        told.append(
            "There are too few samples for a test of any target gene: two samples in "
            "one arm are needed (sample_key)."
        )
    return told


def methods(options: VulnerabilityOptions, how: str, *, drugs: bool) -> list[str]:
    told = [
        "Published vulnerabilities of persisters were read from three reviews and held "
        "against each arm. Axes were averaged per sample in standard deviations of the "
        "untreated cells and compared by the t test over samples; an axis moved where "
        f"its Benjamini-Hochberg q-value is at or below {options.alpha:g}.",
        f"For target genes the values of the cells were used as follows: {how}. "
        "Differences were tested over samples with variances moderated over all genes "
        "(Smyth 2004, doi:10.2202/1544-6115.1027).",
        "Rows are ordered by whether the axis moved, whether the target is expressed "
        f"({rank.EXPRESSED:g} counts per million or more), and the level of the "
        "published evidence.",
    ]
    if drugs:
        told.append(
            "Signatures of drugs were read as the mean log2 change of their up genes "
            "less that of their down genes, each gene less the median of genes of like "
            "expression in the same sample, and compared over samples. A signature is "
            "reversed where the difference is below 0."
        )
    return told
