"""Build the documentation site from the code, the data and the documents.

python .docs/build.py                    into build/docs/html
python .docs/build.py -o FOLDER          into another folder
python .docs/build.py --without-demo     no gallery and no report of the demo, which
                                         take most of the time

Any warning of Sphinx ends the build, and so does a page that needs the network.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
# A tag that fetches what it names as soon as a page is opened.
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video)\b[^>]*\bsrc=["']?(?:https?:)?//[^>]*>"""
    r"""|<link\b[^>]*\brel=["']?(?:stylesheet|preload|icon)[^>]*//[^>]*>""",
    re.IGNORECASE,
)
sys.path[:0] = [str(HERE), str(REPOSITORY)]

import sitepages  # noqa: E402 (found by the line above)


def write_source(folder: Path, *, demo: Path | None) -> None:
    """Write everything that Sphinx reads: the written pages and the generated ones."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "source", folder)
    for name, content in sitepages.generate(REPOSITORY, demo=demo).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            msg = f"{name} is both written by hand and generated."
            raise FileExistsError(msg)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def loads_from_elsewhere(folder: Path) -> list[str]:
    """Name what pages of the site load from the network; links do not count."""
    return [
        f"{page.relative_to(folder)}: {found}"
        for page in sorted(folder.rglob("*.html"))
        for found in LOADED.findall(page.read_text(encoding="utf-8"))
    ]


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    work = REPOSITORY / "build" / "docs"
    parser.add_argument("-o", "--output", type=Path, default=work / "html")
    parser.add_argument("--work", type=Path, default=work, help="for what is between")
    parser.add_argument("--without-demo", action="store_true")
    given = parser.parse_args()
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("MPLBACKEND", "Agg")
    demo = None if given.without_demo else sitepages.run_demo(work / "demo")
    write_source(work / "source", demo=demo)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto"]
    places = [work / "source", given.output.resolve()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[:2])}
    done = subprocess.run(
        [*command, "-d", str(work / "doctrees"), *map(str, places)],
        env=environment,
        check=False,
    )
    if done.returncode:
        sys.exit(done.returncode)
    loads = loads_from_elsewhere(given.output)
    if loads:
        sys.exit("Pages load something from the network:\n" + "\n".join(loads))
    print(f"The site is in {given.output}; start with index.html.")


if __name__ == "__main__":
    main()
