"""The documentation site: its pages name everything, and it builds without warnings."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys

import pytest

import dtpscore
from dtpscore import signatures
from dtpscore._methods.registry import METHODS

NAMESPACES = ("", ".datasets", ".errors", ".get", ".pl", ".signatures", ".tl")


@pytest.fixture(scope="module")
def folder(repository):
    found = repository / ".docs"
    if not found.is_dir():
        pytest.skip(".docs is in the repository only, and is not here")
    return found


@pytest.fixture(scope="module")
def sitepages(folder):
    sys.path.insert(0, str(folder))
    yield importlib.import_module("sitepages")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def pages(sitepages, repository):
    """Generated pages as text, without the gallery's pictures."""
    made = sitepages.generate(repository)
    return {name: text for name, text in made.items() if isinstance(text, str)}


def public_names():
    for namespace in NAMESPACES:
        module = importlib.import_module(f"dtpscore{namespace}")
        for name in module.__all__:
            if type(getattr(module, name)).__name__ != "module":
                yield module.__name__, name


def test_every_public_object_has_a_page_that_its_namespace_lists(pages):
    names = [pair for pair in public_names() if pair[1] != "__version__"]
    assert len(names) > 80
    for namespace, name in names:
        full_name = f"{namespace}.{name}"
        assert f":: {full_name}\n" in pages[f"api/{full_name}.rst"]
        assert f"({full_name}.rst)" in pages[f"api/{namespace}.md"]


def test_the_page_of_a_class_names_its_methods(pages):
    text = pages["api/dtpscore.signatures.Signature.rst"]
    assert ":members: sha256" in text


def test_the_page_of_a_function_shows_the_record_that_it_returns(pages):
    text = pages["api/dtpscore.plan.rst"]
    assert (
        ".. autoclass:: dtpscore._plan.public.Plan\n   :members: smallest, plot\n"
        in text
    )
    assert "autoclass" not in pages["api/dtpscore.signatures.direction.rst"]


def test_every_signature_is_in_the_catalogue_with_genes_source_and_directions(pages):
    for name, row in signatures.available().iterrows():
        text = pages[f"catalogue/{row['axis']}.md"]
        own = text.split(f"(signature-{name})=\n")[1].split("(signature-")[0]
        one = signatures.load(name)
        plain = own.replace("\\", "")
        for gene in (*one.genes.up, *one.genes.down):
            assert gene in plain
        assert one.provenance.citation in plain
        assert " ".join(one.direction_evidence.split()) in plain
        assert f"<signature-{name}>" in pages["catalogue/index.md"]
    moved = pages["catalogue/hypoxia.md"].split("(signature-hallmark_hypoxia)=")[1]
    assert "| BT474 | breast, HER2 inhibitor | up |" in moved


def test_the_page_of_an_axis_shows_its_direction_in_each_context(pages):
    text = pages["catalogue/emt.md"]
    assert "| all contrasts | up |" in text
    for context in ("melanoma", "EGFR inhibitor"):
        found = signatures.direction("emt", context)
        assert f"| {context} | {found.direction} | {found.sentence} |" in text


def test_every_command_and_flag_is_documented(pages):
    from typer.main import get_command

    from dtpscore._cli import make_app

    for name, command in get_command(make_app()).commands.items():
        text = pages[f"commands/{name}.md"]
        assert f"({name}.md)" in pages["commands/index.md"]
        commands = getattr(command, "commands", {"": command})
        for sub, inner in commands.items():
            assert f"# dtpscore {name} {sub}".strip() in text
            seen = [p for p in inner.params if not getattr(p, "hidden", False)]
            flags = [one for p in seen for one in p.opts if one[:2] == "--"]
            assert all(flag in text for flag in flags)


def test_the_gallery_has_every_plot_with_a_call_from_its_docstring(pages):
    text = pages["gallery/index.md"]
    for name in dtpscore.pl.__all__:
        assert f"## {name}\n" in text
        assert re.search(rf"dtp\.pl\.{name}\(\s*adata", text)


def test_the_page_on_scores_cites_the_paper_of_every_method(folder):
    text = (folder / "source" / "methods" / "scores.md").read_text(encoding="utf-8")
    for name, method in METHODS.items():
        assert f"`{name}`" in text
        assert method.citation.split("doi:")[1] in text


def test_written_pages_name_only_constants_that_exist(folder, sitepages):
    from sitepages.constants import constants

    known = constants()
    named = set()
    for path in (folder / "source").rglob("*.md"):
        named |= set(re.findall(r"{{ (\w+) }}", path.read_text(encoding="utf-8")))
    assert named == set(known)
    assert known["population_ratio"] == "100"


def test_documents_keep_no_link_that_leads_nowhere(pages, sitepages):
    from sitepages.documents import with_links

    text = "[one](here.py), [two](there.md) and [three](https://example.org)"
    assert with_links(text, {"there.md": "two.md"}) == (
        "one (`here.py`), [two](two.md) and [three](https://example.org)"
    )
    assert "<!-- begin: api -->" not in pages["index.md"]


@pytest.mark.slow
def test_every_tutorial_is_a_page_with_its_code(sitepages, repository):
    made = sitepages.generate(repository)
    listed = made["tutorials/index.md"]
    for path in sorted((repository / "tutorials").glob("[0-9]*.py")):
        assert f"]({path.stem}.ipynb)" in listed
        assert f"[code]({path.name})" in listed
        assert f"\n{path.stem}\n" in listed
        notebook = path.with_suffix(".ipynb").read_bytes()
        assert made[f"tutorials/{path.stem}.ipynb"] == notebook
        assert made[f"tutorials/{path.name}"] == path.read_bytes()


def test_every_page_of_measurements_is_there(pages, repository):
    for path in (repository / "benchmarks").glob("*.md"):
        name = "speed" if path.stem == "README" else path.stem
        assert f"]({name}.md)" in pages["benchmarks/index.md"]


@pytest.mark.slow
def test_the_site_builds_without_a_warning(folder, tmp_path):
    for needed in ("sphinx", "furo", "myst_nb", "sphinx_copybutton", "sphinx_design"):
        pytest.importorskip(needed)
    html = tmp_path / "html"
    script = str(folder / "build.py")
    words = ["--without-demo", "--work", str(tmp_path / "work"), "-o", str(html)]
    done = subprocess.run(
        [sys.executable, script, *words],
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    score = (html / "api" / "dtpscore.tl.score.html").read_text(encoding="utf-8")
    for parameter in ("min_coverage", "auc_fraction", "key_added"):
        assert f"<strong>{parameter}</strong>" in score
    calls = (html / "methods" / "calls.html").read_text(encoding="utf-8")
    assert "{{" not in calls
    assert "100 times as likely" in " ".join(calls.split())
