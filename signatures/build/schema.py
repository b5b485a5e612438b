"""Write ``signatures/schema.json``, the JSON schema of a signature file."""

from __future__ import annotations

import json

from dtpscore import signatures as library


def text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(library.json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    path = library.root() / "schema.json"
    path.write_text(text(), encoding="utf-8", newline="\n")
