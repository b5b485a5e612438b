"""Errors and warnings of dtpscore; an error class for each exit code."""

from __future__ import annotations

__all__ = [
    "CoverageWarning",
    "DamagedError",
    "DataError",
    "DtpscoreError",
    "InputWarning",
    "OptionError",
    "ResultError",
    "SignatureError",
]


class DtpscoreError(Exception):
    """Base of every error that dtpscore raises on purpose.

    Attributes
    ----------
    exit_code
        The exit code that the command line ends with.
    """

    exit_code = 1


class OptionError(DtpscoreError, ValueError):
    """An option has a value that it cannot have, or does not fit another one."""

    exit_code = 2


class DataError(DtpscoreError, ValueError):
    """A file or its data cannot be used (place, key, layer, genes or values)."""

    exit_code = 3


class DamagedError(DataError):
    """A file or a matrix is damaged or incomplete, or changed while it was read."""

    exit_code = 6


class SignatureError(DtpscoreError, ValueError):
    """A signature is unknown, malformed or breaks a rule of the format."""

    exit_code = 4


class ResultError(DtpscoreError, RuntimeError):
    """The input is fine but the result cannot be computed from it."""

    exit_code = 5


class CoverageWarning(UserWarning):
    """Genes of a signature are missing, ambiguous or duplicated in the data."""


class InputWarning(UserWarning):
    """The input works, but the result needs a caveat the user should read."""
