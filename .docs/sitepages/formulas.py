"""Formulas of the site as MathML, which browsers draw without a script or a network."""

from __future__ import annotations

from typing import Any

from latex2mathml.converter import convert

NAME = "mathml"


def as_mathml(latex: str, *, alone: bool) -> str:
    """Write a formula as MathML.

    Parameters
    ----------
    latex
        The formula, without dollar signs.
    alone
        Whether it stands on lines of its own.
    """
    return convert(" ".join(latex.split()), display="block" if alone else "inline")


def _within(translator: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    translator.body.append(as_mathml(node.astext(), alone=False))
    raise SkipNode


def _alone(translator: Any, node: Any) -> None:
    from docutils.nodes import SkipNode

    translator.body.append(f"<div>{as_mathml(node.astext(), alone=True)}</div>\n")
    raise SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer with Sphinx."""
    app.add_html_math_renderer(NAME, (_within, None), (_alone, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
