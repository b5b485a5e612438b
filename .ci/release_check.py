"""Say what is missing before a version can be released.

Run ``python .ci/release_check.py v0.1.0``. It needs nothing but Python.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def package_version(repository: Path) -> str:
    """Read the version from the one place that states it."""
    text = (repository / "dtpscore" / "__init__.py").read_text(encoding="utf-8")
    (found,) = re.findall(r'^__version__ = "(.+)"$', text, flags=re.MULTILINE)
    return found


def problems(tag: str, repository: Path = REPOSITORY) -> list[str]:
    """List what does not fit the tag; nothing where the release can go ahead."""
    version = package_version(repository)
    found = []
    if tag != f"v{version}":
        found.append(f"The tag is {tag}, and the package has the version {version}.")
    citation = (repository / "CITATION.cff").read_text(encoding="utf-8")
    if f"\nversion: {version}\n" not in citation:
        found.append(f"CITATION.cff does not state the version {version}.")
    if "\ndate-released: " not in citation:
        found.append("CITATION.cff does not state date-released.")
    changes = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    if f"\n## [{version}]" not in changes:
        found.append(f"CHANGELOG.md has no section [{version}].")
    settings = (repository / "pyproject.toml").read_text(encoding="utf-8")
    if "\n[project.urls]\n" not in settings:
        found.append("pyproject.toml has no project.urls.")
    return found


if __name__ == "__main__":
    missing = problems(sys.argv[1])
    print("\n".join(missing) or "Nothing is missing.")
    sys.exit(bool(missing))
