"""What a release needs fits together."""

from __future__ import annotations

import importlib.util
import re
import tomllib

import pytest

import dtpscore

# Names of packages that conda gives another name.
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def settings(repository):
    path = repository / "pyproject.toml"
    if not path.is_file():
        pytest.skip("the tests do not lie in the repository")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def check(repository):
    path = repository / ".ci" / "release_check.py"
    if not path.is_file():
        pytest.skip(".ci is in the repository only, and is not here")
    spec = importlib.util.spec_from_file_location("release_check", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_version_stands_in_one_place(settings, repository, check):
    assert "version" not in settings["project"]
    assert settings["tool"]["hatch"]["version"]["path"] == "dtpscore/__init__.py"
    assert check.package_version(repository) == dtpscore.__version__


def test_the_citation_is_that_of_this_version(repository):
    text = (repository / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {dtpscore.__version__}\n" in text


def ready(folder, version="1.2.3"):
    """A repository that is ready for a release."""
    (folder / "dtpscore").mkdir()
    contents = {
        "dtpscore/__init__.py": f'__version__ = "{version}"\n',
        "CITATION.cff": f"a: b\nversion: {version}\ndate-released: 2026-01-01\n",
        "CHANGELOG.md": f"# Changelog\n\n## [{version}] - 2026-01-01\n",
        "pyproject.toml": '[project]\n\n[project.urls]\nRepository = "x"\n',
    }
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_nothing_stops_a_release_that_is_ready(check, tmp_path):
    ready(tmp_path)
    assert check.problems("v1.2.3", tmp_path) == []


@pytest.mark.parametrize(
    ("name", "old", "told"),
    [
        ("CITATION.cff", "version: 1.2.3", "does not state the version 1.2.3"),
        ("CITATION.cff", "date-released", "does not state date-released"),
        ("CHANGELOG.md", "## [1.2.3]", "has no section [1.2.3]"),
        ("pyproject.toml", "[project.urls]", "has no project.urls"),
        ("dtpscore/__init__.py", "1.2.3", "The tag is v1.2.3"),
    ],
)
def test_what_is_missing_stops_a_release(check, tmp_path, name, old, told):
    ready(tmp_path)
    path = tmp_path / name
    path.write_text(path.read_text().replace(old, "0"), encoding="utf-8")
    assert told in " ".join(check.problems("v1.2.3", tmp_path))


def test_the_recipe_has_the_dependencies_of_the_package(settings, repository):
    path = repository / ".conda" / "meta.yaml"
    if not path.is_file():
        pytest.skip(".conda is in the repository only, and is not here")
    text = path.read_text(encoding="utf-8")
    listed = re.findall(
        r"^    - (.+)$", text.split("  run:\n")[1].split("\n\n")[0], re.M
    )
    wanted = [f"python {settings['project']['requires-python']}"]
    for one in settings["project"]["dependencies"]:
        name, limits = re.fullmatch(r"([\w-]+)(.*)", one).groups()
        wanted.append(f"{CONDA_NAMES.get(name, name)} {limits}")
    assert sorted(listed) == sorted(wanted)
    (script,) = settings["project"]["scripts"].items()
    assert f"- {script[0]} = {script[1]}" in text
    assert f'version = "{dtpscore.__version__}"' in text
    assert f"license: {settings['project']['license']}" in text


def test_forms_and_workflows_are_yaml_with_what_github_asks_for(repository):
    yaml = pytest.importorskip("yaml")
    folder = repository / ".github"
    if not folder.is_dir():
        pytest.skip(".github is in the repository only, and is not here")
    for path in folder.glob("workflows/*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        # YAML reads the key "on" as true.
        assert content["name"]
        assert content[True]
        assert all(job["runs-on"] and job["steps"] for job in content["jobs"].values())
        assert content["permissions"] == {"contents": "read"}
    forms = [p for p in folder.glob("ISSUE_TEMPLATE/*.yml") if p.stem != "config"]
    assert forms
    for path in forms:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert content["name"]
        assert content["description"]
        assert all(one["attributes"]["label"] for one in content["body"])
    for name in ("CITATION.cff", ".readthedocs.yaml", ".github/dependabot.yml"):
        assert yaml.safe_load((repository / name).read_text(encoding="utf-8"))
