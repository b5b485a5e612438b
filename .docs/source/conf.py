"""Configuration of Sphinx; ``.docs/build.py`` puts the generated pages beside it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from sitepages.constants import constants

import dtpscore

project = "dtpscore"
author = "The dtpscore developers"
copyright = author
version = release = dtpscore.__version__
html_title = f"dtpscore {release}"

extensions = [
    "myst_nb",
    "sitepages.formulas",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
root_doc = "index"
html_theme = "furo"
html_math_renderer = "mathml"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Files that are carried as they are, such as the report of the demo.
html_extra_path = ["extra"] if (Path(__file__).parent / "extra").is_dir() else []
exclude_patterns = ["extra"]

# Names in single backticks are objects of the namespace at hand.
default_role = "py:obj"
add_module_names = False
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = True

# The outputs of the tutorials stand in their files.
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "substitution"]
myst_substitutions = constants()
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def give_returns_a_type(
    _app: Any, _what: str, _name: str, thing: Any, _options: Any, lines: list[str]
) -> None:
    """Put the annotated type over the prose of a section on what is returned.

    Napoleon takes the first line of the section for a type. Docstrings of this package
    write prose there, because the type stands in the annotation.
    """
    if "Returns" not in lines or not callable(thing):
        return
    kind = inspect.signature(thing).return_annotation
    start = lines.index("Returns") + 2
    ends = [
        place
        for place in range(start, len(lines) - 1)
        if lines[place + 1] and not lines[place + 1].strip("-")
    ]
    end = ends[0] if ends else len(lines)
    prose = [f"    {line}" if line else "" for line in lines[start:end]]
    lines[start:end] = [str(kind), *prose]


def setup(app: Any) -> None:
    """Run before napoleon reads the docstrings."""
    app.connect("autodoc-process-docstring", give_returns_a_type, priority=100)
