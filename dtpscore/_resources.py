"""Where the files that come with the package are."""

from __future__ import annotations

from pathlib import Path


def signature_root() -> Path:
    """Folder of signature files: in the wheel, else that of the repository.

    An installed wheel carries it as ``dtpscore/_data/signatures``; an editable
    install reads ``signatures`` beside the package, so that edits take effect.
    """
    package = Path(__file__).resolve().parent
    packed = package / "_data" / "signatures"
    return packed if packed.is_dir() else package.parent / "signatures"
