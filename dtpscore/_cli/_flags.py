"""Make the flags of a command from the options of its steps."""

from __future__ import annotations

import inspect
import typing
import warnings
from importlib import import_module
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dtpscore.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pydantic.fields import FieldInfo

    from dtpscore._options.base import Options

# Flags of the first version. They work for one release more, with a warning.
OLD = {
    "root": "reference",
    "days_key": "time_key",
    "random_state": "seed",
    "permutations": "n_permutations",
    "exclude_study": "exclude_studies",
    "gene": "genes",
}
# Further names of a flag that stay.
_SHORT = {"n_jobs": ("--jobs", "-j")}
# What stands for the value of a flag in the help.
_METAVARS = {
    "groupby": "COLUMN",
    "gene_symbols": "COLUMN",
    "reference": "GROUP",
    "holiday": "GROUP",
    "malignant": "TYPE",
    "layer": "NAME",
    "index": "NAME",
    "exclude_studies": "STUDY",
    "genes": "GENE",
    "gmt": "FILE",
    "skip": "STEP",
    "survival": "TEXT",
    "title": "TEXT",
}
# Words that stand for no value where a flag has choices.
_NO_VALUE = frozenset({"none", "auto"})


def load(path: str) -> type[Options]:
    """Load a model of options from ``module:Class`` below ``dtpscore._options``."""
    module, name = path.split(":")
    found: type[Options] = getattr(import_module(f"dtpscore._options.{module}"), name)
    return found


def _plain(annotation: Any) -> Any:
    """Type without None and without what validates it."""
    if typing.get_origin(annotation) is Annotated:
        return _plain(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        kinds = [one for one in typing.get_args(annotation) if one is not NoneType]
        return _plain(kinds[0]) if len(kinds) == 1 else str
    return annotation


def _choices(kind: Any) -> tuple[str, ...]:
    """Words that a value must be one of; none where any value is taken."""
    if typing.get_origin(kind) is Literal:
        return tuple(str(one) for one in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return _choices(_plain(typing.get_args(kind)[0]))
    return ()


def _metavar(name: str, kind: Any) -> str:
    choices = _choices(kind)
    if choices:
        return f"[{'|'.join(choices)}]"
    if kind in (int, float):
        return "NUMBER"
    return _METAVARS.get(name, "COLUMN" if name.endswith("_key") else "TEXT")


def _default(field: FieldInfo) -> str:
    """Default as the help shows it."""
    value = field.get_default()
    if field.is_required() or value in (None, (), False):
        return ""
    return f"  [default: {'yes' if value is True else value}]"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _parameter(name: str, field: FieldInfo, *, required: bool) -> inspect.Parameter:
    """Flag of one option; without it the option is not given."""
    kind = _plain(field.annotation)
    several = typing.get_origin(kind) is tuple
    decls = [_flag(name), *_SHORT.get(name, ())]
    metavar: str | None = _metavar(name, kind)
    value: Any = str
    if kind is bool:
        value, metavar = bool, None
        if field.get_default():
            decls = [f"{_flag(name)}/{_flag(f'no_{name}')}"]
    elif several:
        value = list[str]
    text = field.description or ""
    if several:
        text = f"{text.rstrip('.')}; repeatable."
    choices = _choices(kind)
    option = typer.Option(
        *decls,
        metavar=metavar,
        help=text + _default(field),
        show_default=False,
        autocompletion=(lambda: list(choices)) if choices else None,
    )
    needed = required and field.is_required()
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if needed else None,
        annotation=Annotated[value if needed else value | None, option],
    )


def _old_parameter(old: str, new: inspect.Parameter) -> inspect.Parameter:
    value = typing.get_args(new.annotation)[0]
    option = typer.Option(
        _flag(old), hidden=True, help=f"Old name of {_flag(new.name)}."
    )
    kind = value if new.default is None else value | None
    return new.replace(name=old, default=None, annotation=Annotated[kind, option])


def parameters(
    models: Sequence[type[Options]],
    *,
    leave_out: Collection[str] = (),
    required: bool = True,
) -> list[inspect.Parameter]:
    """Make the flags of all options, in the order of the models.

    Parameters
    ----------
    models
        The options of the steps; of an option that several have, the first counts.
    leave_out
        Options without a flag.
    required
        Whether the command line must give the options that have no default.
    """
    found: dict[str, inspect.Parameter] = {}
    for model in models:
        for name, field in model.model_fields.items():
            if name not in found and name not in leave_out:
                found[name] = _parameter(name, field, required=required)
    # A flag that was renamed is looked for under both names, so it cannot be required
    # by the parser; the model says when it is missing.
    renamed = {
        old: new for old, new in OLD.items() if new in found and old not in found
    }
    for new in renamed.values():
        if found[new].default is inspect.Parameter.empty:
            value, option = typing.get_args(found[new].annotation)
            found[new] = found[new].replace(
                default=None, annotation=Annotated[value | None, option]
            )
    hidden = [_old_parameter(old, found[new]) for old, new in renamed.items()]
    return [*found.values(), *hidden]


def given(values: Mapping[str, Any], models: Sequence[type[Options]]) -> dict[str, Any]:
    """Options that a command line gives, under their present names and as their types.

    Parameters
    ----------
    values
        Value of each flag; None where it was not given.
    models
        The options of the steps.

    Raises
    ------
    OptionError
        A flag is given under its old and its present name.
    """
    found = {n: v for n, v in values.items() if v is not None and v != []}
    for old in [name for name in found if name in OLD]:
        new = OLD[old]
        if new not in values:
            continue
        if new in found:
            msg = f"Give {_flag(new)} alone, not {_flag(old)} (its old name) as well."
            raise OptionError(msg)
        msg = f"The flag {_flag(old)} is now called {_flag(new)}."
        warnings.warn(msg, FutureWarning, stacklevel=2)
        found[new] = found.pop(old)
    fields = {n: f for model in reversed(models) for n, f in model.model_fields.items()}
    return {name: _typed(value, fields[name]) for name, value in found.items()}


def _typed(value: Any, field: FieldInfo) -> Any:
    """Text as the type of an option, where it can be one; the model judges the rest."""
    kind = _plain(field.annotation)
    if kind in (int, float):
        for number in (int, float):
            try:
                return number(value)
            except ValueError:
                continue
    optional = NoneType in typing.get_args(field.annotation)
    if optional and _choices(kind) and value in _NO_VALUE:
        return None
    return tuple(value) if isinstance(value, list) else value


def of_model(values: Mapping[str, Any], model: type[Options]) -> dict[str, Any]:
    """Values of the options that a model has."""
    return {name: value for name, value in values.items() if name in model.model_fields}
