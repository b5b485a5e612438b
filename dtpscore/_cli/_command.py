"""One command: its body, the options that make its flags, and its verbosity."""

from __future__ import annotations

import inspect
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from dtpscore._cli import _arguments as option
from dtpscore._cli import _flags
from dtpscore._cli._console import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dtpscore._options.base import Options

Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print every step that is taken.")
]


@dataclass(frozen=True)
class Command:
    """One command of the command line.

    Attributes
    ----------
    name
        Its name.
    body
        What it does. Where the command has options of steps, the first argument is a
        dict of those that were given, followed by its own arguments.
    epilog
        Examples.
    options
        Models of the options of its steps, as ``module:Class``. They are imported when
        the command itself is asked for, so that the list of commands stays fast.
    leave_out
        Options without a flag.
    required
        Whether options without a default must be given.
    no_args_is_help
        Whether the command shows its help when it is given nothing.
    """

    name: str
    body: Callable[..., None]
    epilog: str
    options: tuple[str, ...] = ()
    leave_out: frozenset[str] = frozenset()
    required: bool = True
    no_args_is_help: bool = True

    @cached_property
    def models(self) -> list[type[Options]]:
        """The models of the options of its steps."""
        return [_flags.load(path) for path in self.options]

    def add_to(self, app: typer.Typer, *, whole: bool) -> None:
        """Add the command to an application.

        Parameters
        ----------
        app
            The application.
        whole
            Make its flags as well; without them it can only be listed.
        """
        function = self._function() if whole else _stub(self.body)
        app.command(
            self.name, epilog=self.epilog, no_args_is_help=self.no_args_is_help
        )(function)

    def _function(self) -> Callable[..., None]:
        own = _own_parameters(self.body)
        flags = _flags.parameters(
            self.models, leave_out=self.leave_out, required=self.required
        )
        first = [
            one for one in own if one.name in {"path", "paths", "inputs", "output"}
        ]
        last = [one for one in own if one not in first]
        every = [*first, *flags, *last, *_VERBOSITY]
        names = {one.name for one in flags}

        def function(**values: Any) -> None:
            quiet, verbose = values.pop("quiet"), values.pop("verbose")
            with spoken(quiet=quiet, verbose=verbose), listening():
                mine = {k: v for k, v in values.items() if k not in names}
                with cells_of(mine):
                    if not self.options:
                        self.body(**mine)
                        return
                    chosen = {k: v for k, v in values.items() if k in names}
                    self.body(_flags.given(chosen, self.models), **mine)

        function.__doc__ = self.body.__doc__
        function.__name__ = self.body.__name__
        # Typer reads both; without a signature it would see no flag.
        function.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        function.__annotations__ = {one.name: one.annotation for one in every}
        return function


@contextmanager
def cells_of(values: dict[str, Any]) -> Iterator[None]:
    """Put files in the form of anndata into the place of inputs of other forms."""
    given = {name: values[name] for name in ("path", "inputs") if values.get(name)}
    if not given:
        yield
        return
    from dtpscore._store import Access, as_cells

    access = Access(external=bool(values.get("allow_external")))
    with ExitStack() as stack:
        for name, paths in given.items():
            values[name] = (
                stack.enter_context(as_cells(paths, access=access))
                if isinstance(paths, Path)
                else [
                    stack.enter_context(as_cells(one, access=access)) for one in paths
                ]
            )
        yield


def _stub(body: Callable[..., None]) -> Callable[[], None]:
    def function() -> None:
        """Show the first line of the command in the list of commands."""

    function.__doc__ = body.__doc__
    return function


def _own_parameters(body: Callable[..., None]) -> list[inspect.Parameter]:
    hints = get_type_hints(body, include_extras=True)
    return [
        one.replace(annotation=hints[one.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for one in inspect.signature(body).parameters.values()
        if one.name != "given"
    ]


_VERBOSITY = [
    inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation
    )
    for name, annotation in (("quiet", option.Quiet), ("verbose", Verbose))
]


@contextmanager
def spoken(*, quiet: bool, verbose: bool) -> Iterator[None]:
    """Set how much is said while a command is at work.

    Raises
    ------
    typer.BadParameter
        The command shall say less and more at once.
    """
    from dtpscore._log import settings

    if quiet and verbose:
        message = "Give --quiet or --verbose, not both."
        raise typer.BadParameter(message)
    before = settings.verbosity
    settings.verbosity = "warning" if quiet else "debug" if verbose else "info"
    try:
        yield
    finally:
        settings.verbosity = before
