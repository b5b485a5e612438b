"""Every public docstring is complete, and every example in one runs."""

from __future__ import annotations

import doctest
import functools
import importlib
import inspect

import pytest

import dtpscore

NAMESPACES = ("", ".datasets", ".errors", ".get", ".pl", ".signatures", ".tl")

# What numpydoc asks for and this package does otherwise.
NOT_ASKED = {
    "ES01",  # one sentence can be enough
    "GL01",  # the text starts on the line of the quotes
    "GL02",  # plots share paragraphs, which replaces their docstrings
    "PR04",  # types stand in the annotations
    "RT03",  # what is returned is prose, and its type an annotation
    "RT04",
    "SS05",  # "Axes by name" is a summary
}

# Objects whose examples take more than about two seconds, with what they set up.
SLOW = {
    "dtpscore.get.calibration",
    "dtpscore.get.calls",
    "dtpscore.get.order",
    "dtpscore.get.reversal",
    "dtpscore.get.samples",
    "dtpscore.get.trends",
    "dtpscore.pl.composition",
    "dtpscore.pl.decision",
    "dtpscore.pl.holiday",
    "dtpscore.pl.index_proliferation",
    "dtpscore.pl.onsets",
    "dtpscore.pl.pseudotime",
    "dtpscore.pl.reasons",
    "dtpscore.pl.reversal",
    "dtpscore.pl.shares",
    "dtpscore.pl.trends",
    "dtpscore.report",
    "dtpscore.tl.call",
    "dtpscore.tl.pseudotime",
    "dtpscore.tl.trends",
}


def public_objects():
    """Every public function and class, and the settings, by their full name."""
    found = {}
    for namespace in NAMESPACES:
        module = importlib.import_module(f"dtpscore{namespace}")
        for name in module.__all__:
            thing = getattr(module, name)
            if not inspect.ismodule(thing) and not isinstance(thing, str):
                found[f"{module.__name__}.{name}"] = thing
    return found


OBJECTS = public_objects()
PARAMETERS = [
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
    for name in OBJECTS
]


def documented(name):
    """Return where numpydoc finds the docstring: that of an instance is its class's."""
    return "dtpscore._log.Settings" if name == "dtpscore.settings" else name


def faults(name):
    validate = pytest.importorskip("numpydoc.validate").validate
    return {
        code: text
        for code, text in validate(documented(name))["errors"]
        if code not in NOT_ASKED
    }


@pytest.mark.parametrize("name", OBJECTS)
def test_the_docstring_is_complete(name):
    assert not faults(name)


def incomplete(first, second=0):
    """Do one thing.

    Parameters
    ----------
    first
        A number.
    """
    return first + second


def test_what_is_missing_is_found(monkeypatch):
    monkeypatch.setattr(dtpscore, "incomplete", incomplete, raising=False)
    assert set(faults("dtpscore.incomplete")) == {"EX01", "PR01", "RT01", "SA01"}


def test_slow_examples_are_those_of_public_objects():
    assert set(OBJECTS) >= SLOW


def examples_in(name):
    thing = OBJECTS[name]
    owner = thing if callable(thing) else type(thing)
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = finder.find(inspect.unwrap(owner), name, globs={"__name__": "__main__"})
    return [test for test in found if test.examples]


def run(examples, namespace, name):
    """Run examples in a namespace, and fail with what doctest prints."""
    test = doctest.DocTest(examples, namespace, name, name, 0, None)
    test.globs = namespace  # a DocTest takes a copy
    said = []
    runner = doctest.DocTestRunner()
    runner.run(test, out=said.append, clear_globs=False)
    assert not runner.failures, "".join(said)


def setup_of(examples):
    """How many of the examples only prepare: up to the last step on an AnnData."""
    steps = [place for place, one in enumerate(examples) if "dtp.tl." in one.source]
    return steps[-1] + 1 if steps else 0


@functools.cache
def prepared(sources):
    """Namespace after statements that several docstrings begin with."""
    namespace = {"__name__": "__main__"}
    run([doctest.Example(one, "") for one in sources], namespace, "preparation")
    return namespace


@pytest.fixture
def quiet_place(tmp_path, monkeypatch):
    """A folder to write into; a verbosity or a warning stays in the test."""
    monkeypatch.chdir(tmp_path)
    before = dtpscore.settings.verbosity
    yield
    dtpscore.settings.verbosity = before


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_place")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PARAMETERS)
def test_the_examples_run(name):
    tests = examples_in(name)
    assert tests, "there is no example"
    for test in tests:
        n = setup_of(test.examples)
        shared = all(not one.want and not one.options for one in test.examples[:n])
        if n and shared:
            ready = prepared(tuple(one.source for one in test.examples[:n]))
            # Each docstring may change the cells, so it gets its own.
            namespace = {k: v.copy() if k == "adata" else v for k, v in ready.items()}
            run(test.examples[n:], namespace, test.name)
        else:
            run(test.examples, {"__name__": "__main__"}, test.name)


def test_a_wrong_example_fails():
    with pytest.raises(AssertionError, match="Expected"):
        run([doctest.Example("1 + 1\n", "3\n")], {}, "wrong")
