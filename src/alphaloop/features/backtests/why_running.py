"""A stored run made once more in the child process, to be asked about one of its bars. It knows no database."""

from collections.abc import Callable
from typing import Any

import numpy as np

from alphaloop.core.errors import ConflictError, InvalidError
from alphaloop.engine.backtest import BacktestResult
from alphaloop.engine.why import STAGES, Reason, sentence, why
from alphaloop.features.backtests.running import simulate
from alphaloop.infra.jobs.child import Report

TARGET = f"{__name__}:answer"


def answer(args: dict[str, Any], report: Report) -> dict[str, Any]:
    """{instrument, row, ts, traded, reasons: [{stage, step {zh, en}, code, facts, text {zh, en}}]}; times in texts are
    UTC (ISO 8601), facts `at`, `since` and `began` are rows.

    InvalidError 'unknown_bar', 'option_legs' (they fill no bars), and 'data_changed' when the run is no longer the one
    that was stored."""
    result = simulate(args, report)
    if not isinstance(result, BacktestResult):
        raise InvalidError("This is told of strategies that trade bars, not of option legs.", code="option_legs")
    if result.run_id != args["run_id"]:
        raise ConflictError(
            "Bars, rules or code have changed since this run: run it again, then ask.", code="data_changed"
        )
    names = list(result.panel.names)
    row = _row(result.panel.ts_ms, args)
    told = why(result, row, 0 if args["instrument"] is None else names.index(args["instrument"]))
    label = _label(result.panel.ts_ms, daily=args["keys"][0].timeframe.ms >= 86_400_000)
    return {
        "instrument": told.instrument,
        "row": row,
        "ts": int(result.panel.ts_ms[row]),
        "traded": told.traded,
        "reasons": [_reason(one, label) for one in told.reasons],
    }


def _row(ts_ms: np.ndarray[Any, Any], args: dict[str, Any]) -> int:
    """The row asked for; a moment means the newest bar begun by then, up to one longest step after the last."""
    if args["row"] is not None:
        row = int(args["row"]) + (len(ts_ms) if args["row"] < 0 else 0)
        known = 0 <= row < len(ts_ms)
    else:
        row = int(np.searchsorted(ts_ms, args["ts"], side="right")) - 1
        step = int(np.diff(ts_ms).max()) if len(ts_ms) > 1 else 0
        known = row >= 0 and args["ts"] <= int(ts_ms[-1]) + step
    if not known:
        raise InvalidError("The run has no such bar.", code="unknown_bar", fields=(("ts", "unknown_bar"),))
    return row


def _label(ts_ms: np.ndarray[Any, Any], *, daily: bool) -> Callable[[int], str]:
    """What a row is called in a text: its day, or its moment in UTC."""

    def named(row: int) -> str:
        moment = np.datetime64(int(ts_ms[row]), "ms")
        return str(moment.astype("datetime64[D]")) if daily else f"{moment.astype('datetime64[s]')}Z"

    return named


def _reason(reason: Reason, label: Callable[[int], str]) -> dict[str, Any]:
    chinese, english = STAGES[reason.stage]
    return {
        "stage": reason.stage,
        "step": {"zh": chinese, "en": english},
        "code": reason.code,
        "facts": dict(reason.facts),
        "text": {language: sentence(reason, language, label) for language in ("zh", "en")},
    }
