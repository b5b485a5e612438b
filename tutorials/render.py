"""Run the tutorials and write them as notebooks with their outputs.

python tutorials/render.py               all of them, each beside its file
python tutorials/render.py 1 4 6         these three
python tutorials/render.py -o somewhere  into another folder
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# Seconds for one cell of a notebook.
LIMIT = 600
# Colors of a picture in a notebook: as many as a palette can have.
N_COLORS = 256
_MARK = re.compile(r"^# %%( \[markdown\])?$")
# Places on the machine that ran the notebook, which say nothing to a reader.
_PLACES = re.compile(
    r"\S*/ipykernel_\d+/\d+\.py:\d+: |\S*/site-packages/|"
    + re.escape(tempfile.gettempdir())
    + r"/tmp\w+/"
)


def cells_of(text: str) -> list[tuple[str, str]]:
    """Kind and source of every cell of a file in the percent format."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        mark = _MARK.match(line)
        if mark:
            found.append(("markdown" if mark[1] else "code", []))
        elif found:  # what stands above the first mark is about the format
            found[-1][1].append(line)
    return [
        (kind, "\n".join(map(_uncommented, lines) if kind == "markdown" else lines))
        for kind, lines in ((kind, _stripped(lines)) for kind, lines in found)
    ]


def _stripped(lines: list[str]) -> list[str]:
    full = [place for place, line in enumerate(lines) if line.strip()]
    return lines[full[0] : full[-1] + 1] if full else []


def _uncommented(line: str) -> str:
    return line.removeprefix("#").removeprefix(" ")


def notebook_of(text: str) -> Any:
    """Notebook of a tutorial, without outputs; its cells are named by their place."""
    from nbformat import v4

    made = v4.new_notebook(metadata={"language_info": {"name": "python"}})
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    for place, (kind, source) in enumerate(cells_of(text)):
        new = v4.new_markdown_cell if kind == "markdown" else v4.new_code_cell
        made.cells.append(new(source, id=f"cell-{place:02}"))
    return made


def small(picture: str) -> str:
    """Write a picture with a palette, which needs a fraction of the space."""
    from PIL import Image

    image = Image.open(BytesIO(base64.b64decode(picture))).convert("RGB")
    file = BytesIO()
    image.quantize(N_COLORS).save(file, format="png", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def clean(notebook: Any) -> None:
    """Keep what a reader sees, and nothing about the machine and the time."""
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = _PLACES.sub("", output.text)
            data = output.get("data", {})
            if "image/png" in data:
                # The text that stands for a picture is a name of a Python object.
                output.data = {"image/png": small(data["image/png"])}
                output.metadata = {}


def render(tutorial: Path, folder: Path) -> Path:
    """Run one tutorial in a kernel of its own; return the notebook written."""
    import nbformat
    from nbclient import NotebookClient

    notebook = notebook_of(tutorial.read_text(encoding="utf-8"))
    # Not among the tutorials: some write files where they run.
    with tempfile.TemporaryDirectory() as place:
        resources = {"metadata": {"path": place}}
        NotebookClient(
            notebook, timeout=LIMIT, resources=resources, coalesce_streams=True
        ).execute()
    clean(notebook)
    nbformat.validate(notebook)
    path = folder / f"{tutorial.stem}.ipynb"
    nbformat.write(notebook, path)
    return path


def main() -> None:
    """Read the command line and render."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "numbers", nargs="*", type=int, help="tutorials; all by default"
    )
    parser.add_argument("-o", "--output", type=Path, default=HERE)
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
            print(f"  {render(path, folder)}")


if __name__ == "__main__":
    main()
