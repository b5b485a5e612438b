"""Where orders and trends are kept in an AnnData, and what is known before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dtpscore import _keys
from dtpscore._design import labels, names
from dtpscore._results.elements import Element

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dtpscore._options.order import OrderOptions
    from dtpscore._ordering.order import OrderResult
    from dtpscore._ordering.record import TrendsRecord

# Options of an order that an earlier call knows, and their names in older results.
_OF_CALL = {
    "sample_key": ("sample_key",),
    "time_key": ("time_key", "days_key"),
    "holiday": ("holiday",),
    "cell_type_key": ("cell_type_key",),
    "malignant": ("malignant",),
}


def known_from_call(
    options: OrderOptions, obs: pd.DataFrame, uns: Mapping[str, Any]
) -> tuple[OrderOptions, str]:
    """Fill options that were not given with those of an earlier call.

    An option is taken over only where the call compared the same groups with the same
    reference, and where the columns and groups that it names are still there.

    Parameters
    ----------
    options
        The options of the order.
    obs
        Annotation of the cells.
    uns
        Records of earlier steps.

    Returns
    -------
    The options, and a sentence that says what was taken over; "" for nothing.
    """
    called = uns.get(_keys.CALL)
    params = called.get("params", {}) if isinstance(called, dict) else {}
    same = (params.get("groupby"), str(params.get("reference")))
    if same != (options.groupby, options.reference) or options.groupby not in obs:
        return options, ""
    found: dict[str, Any] = {}
    for option, written in _OF_CALL.items():
        value = next((params[name] for name in written if name in params), None)
        if option in ("holiday", "malignant"):
            value = names(value)
        if value is not None and len(value) and not getattr(options, option):
            found[option] = value
    found = _still_there(found, options, obs)
    if not found:
        return options, ""
    parts = [f"{option}={_shown(value)}" for option, value in found.items()]
    said = f"From the earlier call the order takes over {', '.join(parts)}."
    return options.model_copy(update=found), said


def _still_there(
    found: dict[str, Any], options: OrderOptions, obs: pd.DataFrame
) -> dict[str, Any]:
    kept = {
        option: value
        for option, value in found.items()
        if option in ("holiday", "malignant") or value in obs
    }
    groups = set(labels(obs, options.groupby, "groups").names)
    if not set(kept.get("holiday", ())) <= groups - {options.reference}:
        del kept["holiday"]
    if not {"cell_type_key", "malignant"} <= set(kept):
        # Each of the two needs the other one.
        kept = {
            n: v for n, v in kept.items() if n not in ("cell_type_key", "malignant")
        }
    return kept


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return repr(value[0] if len(value) == 1 else list(value))
    return repr(value)


def _labels(values: np.ndarray[tuple[int], Any]) -> pd.Categorical | None:
    """Texts per cell as categories; None where there are none."""
    there = sorted({str(value) for value in values} - {""})
    if not there:
        return None
    codes = np.asarray([there.index(str(one)) if one else -1 for one in values])
    return pd.Categorical.from_codes(codes, categories=there)


def _float32(values: np.ndarray[tuple[int], Any] | None) -> Any:
    return None if values is None else values.astype(np.float32)


def order_elements(result: OrderResult, *, key_added: str) -> list[Element]:
    """Places of an order in an AnnData.

    An order that was not made, and labels that no cell has, take away the column of an
    earlier run.
    """
    method = result.record.method
    written: dict[str, Any] = {
        "": _float32(result.orders[method]),
        "_sd": _float32(result.spreads[method]),
        "_dpt": _float32(result.orders.get("dpt")),
        "_ordinal": _float32(result.orders.get("ordinal")),
        "_place": _labels(result.place),
        "_end": _labels(result.end),
        "_fate": None if np.isnan(result.fate).all() else _float32(result.fate),
    }
    return [
        *(
            Element("obs", f"{key_added}{name}", value)
            for name, value in written.items()
        ),
        Element("uns", key_added, result.record.to_uns()),
    ]


def trend_elements(record: TrendsRecord, *, key_added: str) -> list[Element]:
    """Places of trends in an AnnData."""
    return [Element("uns", key_added, record.to_uns())]
