"""Lines of the table that compare dtpscore with memory, and with itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
import synthetic
import timing
from table import Row, Setting, both, seconds

import dtpscore
from dtpscore import _genes
from dtpscore._methods.registry import METHODS
from dtpscore._methods.run import run_method
from dtpscore._options.score import ScoreOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dtpscore.signatures import Signature


def _kernel_cpu(
    matrix: Any, net: Any, method: str, *, repeats: int, control: bool = False
) -> float:
    options = ScoreOptions()

    def call() -> Any:
        return run_method(
            matrix, net, method=method, options=options, control=control, n_jobs=1
        )

    return timing.warm(call, repeats=repeats).cpu


def _net(setting: Setting, signatures: list[Signature]) -> Any:
    return _genes.match(signatures, list(setting.adata.var_names)).net


def kernels(setting: Setting) -> Iterator[Row]:
    matrix, repeats = setting.adata.X, setting.repeats + 1
    plain, vector = timing.floors(matrix, repeats=repeats)
    rate = matrix.nnz * 8 / 1e9
    yield Row(
        "floor: one pass over values and indices",
        seconds(plain),
        f"{seconds(vector)} on vectors",
        f"{rate / plain:.1f} and {rate / vector:.1f} GB/s",
        "",
    )
    net = _net(setting, setting.signatures)
    many = synthetic.as_signatures(synthetic.gene_sets(200, matrix.shape[1]))
    net_many = _net(setting, many)
    targets = {"ucell": "6 x", "aucell": "6 x", "zscore": "3 x", "mean": "3 x"}
    for method in METHODS:
        taken = _kernel_cpu(matrix, net, method, repeats=repeats)
        yield Row(
            f"{method}: distance to the floor",
            seconds(taken),
            seconds(plain),
            f"{taken / plain:.1f} x the floor",
            f"under {targets[method]}" if method in targets else "",
        )
        more = _kernel_cpu(matrix, net_many, method, repeats=repeats)
        yield Row(
            f"{method}: 200 signatures, and {len(net.names)}",
            seconds(more),
            seconds(taken),
            f"{more / taken:.2f} x the time",
            "under 2.5 x",
        )
        if not METHODS[method].linear:
            continue
        for label, chosen, base in (("", net, taken), (" of 200", net_many, more)):
            full = _kernel_cpu(matrix, chosen, method, repeats=repeats, control=True)
            yield Row(
                f"{method}{label}: with control and p-values, and without",
                seconds(full),
                seconds(base),
                f"{full / base:.2f} x the time",
                "under 4 x",
            )


def whole(setting: Setting) -> Iterator[Row]:
    """`tl.score` in all, the second time in a process, against one pass."""
    adata, repeats = setting.adata, setting.repeats + 1

    def call() -> None:
        dtpscore.tl.score(adata, setting.signatures, method="ucell", n_jobs=1)

    taken = timing.warm(call, repeats=repeats).cpu
    plain, _ = timing.floors(adata.X, repeats=repeats)
    yield Row(
        f"ucell in all: `tl.score`, {adata.n_obs:,} cells, and one pass",
        seconds(taken),
        seconds(plain),
        f"{taken / plain:.1f} x the floor",
        "under 3 x",
    )


def growth(setting: Setting, *, times: int) -> Iterator[Row]:
    """Exponent of the time from a fifth of the cells to several times as many."""
    few = setting.head(setting.adata.n_obs // 5).X
    many = sp.vstack([setting.adata.X] * times, format="csr")
    net = _net(setting, setting.signatures)
    for method in ("ucell", "mean"):
        short = _kernel_cpu(few, net, method, repeats=4 * setting.repeats)
        long = _kernel_cpu(many, net, method, repeats=setting.repeats)
        exponent = np.log(long / short) / np.log(many.shape[0] / few.shape[0])
        yield Row(
            f"{method}: {many.shape[0]:,} cells, and {few.shape[0]:,}",
            seconds(long),
            seconds(short),
            f"exponent {exponent:.3f}",
            "at most 1.05",
        )


def starts(setting: Setting) -> Iterator[Row]:
    repeats = setting.repeats
    first = timing.first_call(repeats=repeats)
    yield Row("first tl.score of a process, over later", both(first), "", "", "2 s")
    for what, arguments in (
        ("dtpscore --help", ("-m", "dtpscore", "--help")),
        ("import dtpscore", ("-c", "import dtpscore")),
        ("python that does nothing", ("-c", "pass")),
    ):
        taken = timing.process_seconds(*arguments, repeats=2 * repeats)
        target = "" if "nothing" in what else "0.5 s"
        yield Row(what, seconds(taken), "", "", target)
