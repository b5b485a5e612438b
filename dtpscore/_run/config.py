"""Read the options of a run from a TOML file, and write them to one."""

from __future__ import annotations

import tomllib
import warnings
from typing import TYPE_CHECKING, Any

import tomli_w

from dtpscore._options.run import RunOptions
from dtpscore.errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Names of the first version, which are read for one release more.
_OLD = {"days_key": "time_key", "permutations": "n_permutations"}


def to_toml(options: RunOptions) -> str:
    """Text of a TOML file from which `load_config` makes the same options."""
    values = options.model_dump(mode="json", exclude_none=True)
    # Tables of steps without an option of their own say nothing.
    return tomli_w.dumps({name: value for name, value in values.items() if value != {}})


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise DataError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"{path} is not a valid TOML file: {error}."
        raise DataError(msg) from error
    except ValueError as error:
        # Python refuses to read whole numbers of thousands of digits.
        msg = f"{path} holds a value that cannot be read: {error}."
        raise DataError(msg) from error


def _renamed(content: dict[str, Any]) -> dict[str, Any]:
    """Content with the present names of options."""
    found = dict(content)
    for old, new in _OLD.items():
        if old not in found:
            continue
        value = found.pop(old)
        if new in found and found[new] != value:
            msg = (
                f"{new} and {old} (its old name) have different values: "
                f"{found[new]!r} and {value!r}. Give {new} alone."
            )
            raise OptionError(msg)
        found[new] = value
        msg = f"The option {old} is now called {new}."
        warnings.warn(msg, FutureWarning, stacklevel=3)
    return found


def load_config(path: Path | None, given: Mapping[str, Any]) -> RunOptions:
    """Read the options of a run.

    Parameters
    ----------
    path
        A TOML file with the fields of `RunOptions`, or None.
    given
        Options that win over the file.

    Raises
    ------
    DataError
        The file does not exist or is malformed.
    OptionError
        An option is missing, unknown or has a value that it cannot have.
    """
    content = {} if path is None else _renamed(_content(path))
    try:
        return RunOptions.read({**content, **_renamed(dict(given))})
    except OptionError as error:
        if path is None:
            raise
        msg = f"{path}: {error}"
        raise OptionError(msg) from None
