"""Run the tutorials and write them as notebooks and web pages with their figures.

python tutorials/render.py               all of them, into build/tutorials
python tutorials/render.py 1 4 6         these three
python tutorials/render.py -o somewhere  into another folder
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import jupytext
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor

HERE = Path(__file__).resolve().parent
# Seconds for one cell of a notebook.
LIMIT = 600


def render(tutorial: Path, folder: Path) -> list[Path]:
    """Run one tutorial in a kernel of its own; return the files written."""
    notebook = jupytext.read(tutorial)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    where = {"metadata": {"path": str(folder)}}
    ExecutePreprocessor(timeout=LIMIT).preprocess(notebook, where)
    written = [folder / f"{tutorial.stem}{end}" for end in (".ipynb", ".html")]
    jupytext.write(notebook, written[0])
    page, _ = HTMLExporter().from_notebook_node(notebook)
    written[1].write_text(page, encoding="utf-8")
    return written


def main() -> None:
    """Read the command line and render."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "numbers", nargs="*", type=int, help="tutorials; all by default"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("build/tutorials"))
    given = parser.parse_args()
    tutorials = sorted(HERE.glob("[0-9]*.py"))
    known = [int(path.stem[:2]) for path in tutorials]
    unknown = sorted(set(given.numbers) - set(known))
    if unknown:
        parser.error(f"there is no tutorial {unknown[0]}; there are {known}")
    # A notebook shows its figures only where it may choose how they are drawn.
    os.environ.pop("MPLBACKEND", None)
    folder = given.output.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in zip(known, tutorials, strict=True):
        if not given.numbers or number in given.numbers:
            print(path.name, flush=True)
            for file in render(path, folder):
                print(f"  {file}")


if __name__ == "__main__":
    main()
