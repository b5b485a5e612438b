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

    See Also
    --------
    dtpscore.errors.OptionError : An option is wrong.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> try:
    ...     dtp.signatures.load("no_such_signature")
    ... except dtp.errors.DtpscoreError as error:
    ...     print(type(error).__name__)
    SignatureError
    """

    exit_code = 1


class OptionError(DtpscoreError, ValueError):
    """An option has a value that it cannot have, or does not fit another one.

    See Also
    --------
    dtpscore.errors.DtpscoreError : The base of all errors.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=60, n_genes=300, seed=0)
    >>> try:
    ...     dtp.tl.score(adata, method="wrong")
    ... except dtp.errors.OptionError as error:
    ...     print(error.exit_code)
    2
    """

    exit_code = 2


class DataError(DtpscoreError, ValueError):
    """A file or its data cannot be used (place, key, layer, genes or values).

    See Also
    --------
    dtpscore.errors.DamagedError : A file is damaged.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=60, n_genes=300, seed=0)
    >>> try:
    ...     dtp.tl.score(adata, layer="absent")
    ... except dtp.errors.DataError as error:
    ...     print(error.exit_code)
    3
    """

    exit_code = 3


class DamagedError(DataError):
    """A file or a matrix is damaged or incomplete, or changed while it was read.

    See Also
    --------
    dtpscore.errors.DataError : The data cannot be used.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import dtpscore as dtp
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "cells.h5ad"
    >>> dtp.datasets.simulate(n_cells=60, n_genes=300, seed=0).write_h5ad(path)
    >>> _ = path.write_bytes(path.read_bytes()[:5000])  # the end is lost
    >>> try:
    ...     dtp.read(path)
    ... except dtp.errors.DataError as error:
    ...     print(type(error).__name__)
    DamagedError
    """

    exit_code = 6


class SignatureError(DtpscoreError, ValueError):
    """A signature is unknown, malformed or breaks a rule of the format.

    See Also
    --------
    dtpscore.errors.DtpscoreError : The base of all errors.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> try:
    ...     dtp.signatures.load("no_such_signature")
    ... except dtp.errors.SignatureError as error:
    ...     print(error.exit_code)
    4
    """

    exit_code = 4


class ResultError(DtpscoreError, RuntimeError):
    """The input is fine but the result cannot be computed from it.

    See Also
    --------
    dtpscore.errors.DataError : The data cannot be used.

    Examples
    --------
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=90, n_genes=900, seed=0)
    >>> genes = {"mine": adata.var_names[:3]}
    >>> try:
    ...     dtp.tl.enrich(
    ...         adata, genes, groupby="condition", reference="parental",
    ...         sample_key="sample",
    ...     )
    ... except dtp.errors.ResultError as error:
    ...     print(error.exit_code)
    5
    """

    exit_code = 5


class CoverageWarning(UserWarning):
    """Genes of a signature are missing, ambiguous or duplicated in the data.

    See Also
    --------
    dtpscore.errors.InputWarning : The result needs a caveat.

    Examples
    --------
    >>> import warnings
    >>> import dtpscore as dtp
    >>> adata = dtp.datasets.simulate(n_cells=60, n_genes=300, seed=0)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", dtp.errors.CoverageWarning)
    ...     dtp.tl.score(adata)
    """


class InputWarning(UserWarning):
    """The input works, but the result needs a caveat the user should read.

    See Also
    --------
    dtpscore.errors.CoverageWarning : Genes are missing.

    Examples
    --------
    >>> import warnings
    >>> import dtpscore as dtp
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     found = dtp.signatures.from_dict({"mine": ["VIM"], "empty": []})
    >>> issubclass(caught[0].category, dtp.errors.InputWarning)
    True
    """
