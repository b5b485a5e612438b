"""The generated pages of the site: functions from code and data to text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitepages import api, catalogue, commands, documents, gallery
from sitepages.gallery import run_demo

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["generate", "run_demo"]


def generate(repository: Path, *, demo: Path | None = None) -> dict[str, str | bytes]:
    """Make every generated page and picture, by its place below the source folder.

    Parameters
    ----------
    repository
        The folder that holds ``pyproject.toml``.
    demo
        Folder of the results of ``dtpscore demo``. Without it the gallery has the
        calls and no pictures.
    """
    return {
        **api.pages(),
        **commands.pages(),
        **catalogue.pages(),
        **documents.pages(repository),
        **gallery.pages(demo),
    }
