"""Linear algebra on one thread, so that its sums do not depend on the machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run matrix products and decompositions on one thread, in this block alone.

    With more threads, the linear algebra library adds up in another order. The last
    digits of the principal components then differ, and with them, through neighbors
    that are nearly as near as each other, the third digit of single positions. Other
    threads of the process meet the same limit as long as the block runs.
    """
    # The libraries must be there before they can be limited.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
