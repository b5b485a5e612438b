"""Compare dtpscore with its peers and with the speed of memory, in one table.

    python benchmarks/compare.py            50,000 cells x 20,000 genes, 20 signatures
    python benchmarks/compare.py --short    3,000 cells x 5,000 genes

Both sides get the same AnnData in the same process and are called as their users
call them; each time is the fastest of a few runs (of one for slow peers), as wall
time and as CPU time of all threads, which other work on the machine disturbs less.
Where a peer is too slow for all cells, both sides get the same first cells. Agreement
is the largest absolute difference of the scores of these cells (for ssgsea, of the
range of the scores). Distance to the floor, growth and control are CPU times of one
thread, without the matching of gene names.
"""

from __future__ import annotations

import argparse
import os
import platform
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import peers
import scipy.sparse as sp
import synthetic
import timing

from dtpscore import _genes, _methods, tl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anndata import AnnData

    from dtpscore.signatures import Signature


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    other: str
    ratio: str
    target: str
    agreement: str = ""


@dataclass(frozen=True)
class Setting:
    """What is compared: the data, the signatures, and how often each is run."""

    adata: AnnData
    sets: dict[str, Any]
    signatures: list[Signature]
    repeats: int

    def head(self, n_cells: int) -> AnnData:
        """The first cells, as data of their own."""
        return self.adata[: min(n_cells, self.adata.n_obs)].copy()

    def ours(self, adata: AnnData, method: str, **options: Any) -> timing.Timed:
        """Time ``tl.score`` and return its scores."""

        def call() -> Any:
            tl.score(adata, self.signatures, method=method, **options)
            return adata.obsm["dtp_scores"].to_numpy()

        return timing.warm(call, repeats=self.repeats)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.0f} ms"


def _both(timed: timing.Timed) -> str:
    return f"{_seconds(timed.seconds)} (CPU {_seconds(timed.cpu)})"


def _difference(one: Any, other: Any) -> str:
    return f"{np.abs(np.asarray(one, float) - np.asarray(other, float)).max():.1e}"


def _against(
    what: str, ours: timing.Timed, other: timing.Timed, *, target: str, agreement: str
) -> Row:
    wall, cpu = other.seconds / ours.seconds, other.cpu / ours.cpu
    return Row(
        what,
        _both(ours),
        _both(other),
        f"{wall:.0f} x faster (CPU {cpu:.0f} x)",
        target,
        agreement,
    )


def _cells(adata: AnnData) -> str:
    return f"{adata.n_obs:,} cells"


def ucell(setting: Setting) -> Iterator[Row]:
    for what, target in (("counts repeat", "40 x"), ("no value repeats", "8 x")):
        adata = setting.adata
        if what == "no value repeats":
            adata = synthetic.as_adata(synthetic.without_repeats(adata.X))
        ours = setting.ours(adata, "ucell")
        tried = {
            n_jobs: timing.fastest(
                lambda n=n_jobs, a=adata: peers.pyucell(a, setting.sets, n_jobs=n),
                repeats=1,
            )
            for n_jobs in sorted({1, os.cpu_count() or 1})
        }
        n_jobs, best = min(tried.items(), key=lambda item: item[1].seconds)
        # The CPU time of worker processes is not counted: take that of one process.
        best = replace(best, cpu=tried[1].cpu)
        what = f"ucell, {what}: pyUCell with {n_jobs} jobs, {_cells(adata)}"
        agreement = _difference(ours.value, best.value)
        yield _against(what, ours, best, target=target, agreement=agreement)


def aucell(setting: Setting) -> Iterator[Row]:
    adata = setting.adata
    ours = setting.ours(adata, "aucell")
    other = timing.fastest(lambda: peers.aucell(adata, setting.sets), repeats=1)
    # The same numbers need the order in which decoupler breaks ties.
    few = setting.head(1_000)[:, peers.aucell_order(adata)].copy()
    tl.score(few, setting.signatures, method="aucell", ties_method="order")
    agreement = _difference(few.obsm["dtp_scores"], other.value[: few.n_obs])
    what = f"aucell: decoupler aucell, {_cells(adata)}"
    yield _against(what, ours, other, target="60 x", agreement=agreement)


def tirosh(setting: Setting) -> Iterator[Row]:
    adata = setting.adata
    ours = setting.ours(adata, "tirosh")
    other = timing.fastest(lambda: peers.score_genes(adata, setting.sets), repeats=1)
    what = f"tirosh: scanpy score_genes, {len(setting.sets)} calls, {_cells(adata)}"
    agreement = _difference(ours.value, other.value)
    yield _against(what, ours, other, target="20 x", agreement=agreement)


def sums(setting: Setting) -> Iterator[Row]:
    calls: list[tuple[str, str, Callable[[AnnData], Any], int]] = [
        ("zscore", "decoupler zscore", lambda a: peers.zscore(a, setting.sets), 50_000),
        (
            "mean",
            "decoupler waggr, no permutations",
            lambda a: peers.waggr(a, setting.sets, times=1),
            10_000,
        ),
        (
            "mean",
            "decoupler waggr, 1,000 permutations",
            lambda a: peers.waggr(a, setting.sets, times=1_000),
            2_000,
        ),
    ]
    for method, name, call, n_cells in calls:
        adata = setting.head(n_cells)
        ours = setting.ours(adata, method)
        other = timing.fastest(lambda c=call, a=adata: c(a), repeats=1)
        agreement = _difference(ours.value, other.value)
        if "1,000" in name:
            agreement = "no permutations here"
        what = f"{method}: {name}, {_cells(adata)}"
        yield _against(what, ours, other, target="20 x", agreement=agreement)


def ssgsea(setting: Setting) -> Iterator[Row]:
    adata = setting.head(2_000)
    ours = setting.ours(adata, "ssgsea")
    threads = os.cpu_count() or 1
    other = timing.fastest(
        lambda: peers.ssgsea(adata, setting.sets, threads=threads), repeats=1
    )
    spread = float(np.ptp(other.value))
    agreement = f"{_difference(ours.value / spread, other.value / spread)} of range"
    what = f"ssgsea: GSEApy with {threads} threads, {_cells(adata)}"
    yield _against(what, ours, other, target="200 x", agreement=agreement)


def _kernel_cpu(
    matrix: Any, net: Any, method: str, *, repeats: int, control: bool = False
) -> float:
    options = _methods.MethodOptions()

    def call() -> Any:
        return _methods.run(
            matrix, net, method=method, options=options, control=control, n_jobs=1
        )

    return timing.warm(call, repeats=repeats).cpu


def _net(setting: Setting, signatures: list[Signature]) -> Any:
    return _genes.match(signatures, list(setting.adata.var_names)).net


def kernels(setting: Setting) -> Iterator[Row]:
    matrix, repeats = setting.adata.X, 2 * setting.repeats
    plain, vector = timing.floors(matrix, repeats=repeats)
    rate = matrix.nnz * 8 / 1e9
    yield Row(
        "floor: one pass over values and indices",
        _seconds(plain),
        f"{_seconds(vector)} on vectors",
        f"{rate / plain:.1f} and {rate / vector:.1f} GB/s",
        "",
    )
    net = _net(setting, setting.signatures)
    many = synthetic.as_signatures(synthetic.gene_sets(200, matrix.shape[1]))
    net_many = _net(setting, many)
    targets = {"ucell": "6 x", "aucell": "6 x", "zscore": "3 x", "mean": "3 x"}
    for method in _methods.METHODS:
        taken = _kernel_cpu(matrix, net, method, repeats=repeats)
        yield Row(
            f"{method}: distance to the floor",
            _seconds(taken),
            _seconds(plain),
            f"{taken / plain:.1f} x the floor",
            f"under {targets[method]}" if method in targets else "",
        )
        more = _kernel_cpu(matrix, net_many, method, repeats=repeats)
        yield Row(
            f"{method}: 200 signatures, and {len(net.names)}",
            _seconds(more),
            _seconds(taken),
            f"{more / taken:.2f} x the time",
            "under 2.5 x",
        )
        if not _methods.METHODS[method].linear:
            continue
        for label, chosen, base in (("", net, taken), (" of 200", net_many, more)):
            full = _kernel_cpu(matrix, chosen, method, repeats=repeats, control=True)
            yield Row(
                f"{method}{label}: with control and p-values, and without",
                _seconds(full),
                _seconds(base),
                f"{full / base:.2f} x the time",
                "under 4 x",
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
            _seconds(long),
            _seconds(short),
            f"exponent {exponent:.3f}",
            "at most 1.05",
        )


def starts(setting: Setting) -> Iterator[Row]:
    repeats = setting.repeats
    first = timing.first_call(repeats=repeats)
    yield Row("first tl.score of a process, over later", _both(first), "", "", "2 s")
    for what, arguments in (
        ("dtpscore --help", ("-m", "dtpscore", "--help")),
        ("import dtpscore", ("-c", "import dtpscore")),
        ("python that does nothing", ("-c", "pass")),
    ):
        taken = timing.process_seconds(*arguments, repeats=2 * repeats)
        target = "" if "nothing" in what else "0.5 s"
        yield Row(what, _seconds(taken), "", "", target)


def _print(row: Row) -> None:
    cells = (row.what, row.ours, row.other, row.ratio, row.target, row.agreement)
    print("| " + " | ".join(cells) + " |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=50_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--signatures", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--growth", type=int, default=4, help="times the cells for the exponent"
    )
    parser.add_argument("--only", nargs="*", help="parts to run", choices=list(PARTS))
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    if options.short:
        options.cells, options.genes = 3_000, 5_000
    return options


PARTS: dict[str, Any] = {
    "kernels": kernels,
    "growth": growth,
    "starts": starts,
    "ssgsea": ssgsea,
    "sums": sums,
    "tirosh": tirosh,
    "aucell": aucell,
    "ucell": ucell,
}


def main() -> None:
    options = _options()
    warnings.simplefilter("ignore")
    counts = synthetic.counts(options.cells, options.genes)
    adata = synthetic.as_adata(synthetic.log_normalized(counts))
    sets = synthetic.gene_sets(options.signatures, options.genes)
    setting = Setting(adata, sets, synthetic.as_signatures(sets), options.repeats)
    filled = adata.X.nnz / np.prod(adata.shape)
    print(
        f"{adata.n_obs:,} cells x {adata.n_vars:,} genes, {adata.X.nnz / 1e6:.0f} M "
        f"values ({filled:.1%}), float32 CSR; {len(sets)} signatures of "
        f"{min(map(len, sets.values()))} to {max(map(len, sets.values()))} genes; "
        f"{os.cpu_count()} cores, {numba.get_num_threads()} threads; Python "
        f"{platform.python_version()}; "
        + ", ".join(f"{name} {number}" for name, number in peers.versions().items())
        + "; rustscenic not installed, not measured.\n"
    )
    _print(Row("what", "dtpscore", "other", "ratio", "target", "agreement"))
    print("| --- " * 6 + "|")
    for name in options.only or PARTS:
        more = {"times": options.growth} if name == "growth" else {}
        for row in PARTS[name](setting, **more):
            _print(row)


if __name__ == "__main__":
    main()
