"""chan.py (github.com/Vespa314/chan.py) as a black box in a process of its own, so that its objects, its printing and
its time stay apart from ours. This file is both ends of the pipe; the far end needs the standard library alone.

A request is one line of JSON, {"work": "rows" | "batch" | "step", "bars": {column: values}}, and so is its answer."""

import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Timer
from time import perf_counter
from typing import Any, Self

COLUMNS = ("ts", "open", "high", "low", "close", "volume")
# CN-STRICT-1 in chan.py's own words, written out: its defaults may change, and one of them switches divergence off.
CN_STRICT_1: dict[str, Any] = {
    "bi_algo": "normal",
    "bi_strict": True,
    "bi_fx_check": "strict",
    "gap_as_kl": False,
    "bi_end_is_peak": True,
    "bi_allow_sub_peak": True,
    "seg_algo": "chan",
    "left_seg_method": "peak",
    "zs_combine": True,
    "zs_combine_mode": "zs",
    "one_bi_zs": False,
    "zs_algo": "normal",
    "macd": {"fast": 12, "slow": 26, "signal": 9},
    "macd_algo": "peak",
    "divergence_rate": 0.9,
    "min_zs_cnt": 1,
    "bsp1_only_multibi_zs": True,
    "max_bs2_rate": 0.9999,
    "bs1_peak": True,
    "bs_type": "1,1p,2,2s,3a,3b",
    "bsp2_follow_1": True,
    "bsp3_follow_1": True,
    "bsp3_peak": False,
    "bsp2s_follow_2": False,
    "max_bsp2s_lv": None,
    "strict_bsp3": False,
    "bsp3a_max_zs_cnt": 1,
    "print_warning": False,
}
ROUNDS, ROUNDS_S = 5, 20.0


class PeerError(Exception):
    """chan.py could not be run, or did not answer; the text says why in one sentence."""


class ChanPy:
    """The near end: a checkout of chan.py running in a child process. Requests and answers take turns.

    `python` is the interpreter of the child, 3.11 or later. Raises PeerError when the checkout does not come up."""

    def __init__(self, checkout: Path, python: str = sys.executable) -> None:
        if not (checkout / "Chan.py").is_file():
            raise PeerError(f"{checkout} is no checkout of chan.py: there is no Chan.py in it.")
        # -P keeps this folder off the child's path: chan.py has modules of the same names. UTC, because it reckons
        # times in the local zone, where an hour in autumn comes twice.
        self._process = subprocess.Popen(
            [python, "-P", __file__, str(checkout)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "TZ": "UTC"},
        )
        try:
            self.receive(timeout_s=60)
        except PeerError:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, work: str, bars: Mapping[str, Sequence[float]]) -> None:
        """Ask for `work` on bars with the columns ts (epoch milliseconds), open, high, low, close, volume."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"work": work, "bars": dict(bars)}) + "\n")
        self._process.stdin.flush()

    def receive(self, *, timeout_s: float) -> Any:
        """The answer to the last request. Raises PeerError when there is none in time; the child is then gone."""
        assert self._process.stdout
        alarm = Timer(timeout_s, self._process.kill)
        alarm.start()
        line = self._process.stdout.readline()
        alarm.cancel()
        if not line:
            raise PeerError(f"chan.py gave no answer (at most {timeout_s:g} s are waited for).")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer["answer"]


class Checkout:
    """The far end: what is used of chan.py, loaded from the path. Raises ImportError."""

    def __init__(self) -> None:
        words = import_module("Common.CEnum")
        self.chan = import_module("Chan").CChan
        self.config = import_module("ChanConfig").CChanConfig
        self.time = import_module("Common.CTime").CTime
        self.unit = import_module("KLine.KLine_Unit").CKLine_Unit
        self.level, self.unadjusted = words.KL_TYPE.K_1M, words.AUTYPE.NONE
        self.top, self.no_fractal = words.FX_TYPE.TOP, words.FX_TYPE.UNKNOWN
        field = words.DATA_FIELD
        self.fields = (field.FIELD_OPEN, field.FIELD_HIGH, field.FIELD_LOW, field.FIELD_CLOSE, field.FIELD_VOLUME)
        self.time_field = field.FIELD_TIME
        # A data source is found by the name of its module under DataAPI.
        self.source = sys.modules["DataAPI.piped"] = types.ModuleType("DataAPI.piped")

    def units(self, bars: Mapping[str, list[Any]]) -> list[Any]:
        """Fresh bar objects: an analysis links them, so they serve only once."""
        made = []
        for ts, *values in zip(*(bars[name] for name in COLUMNS), strict=True):
            at = datetime.fromtimestamp(ts / 1000, UTC)
            # auto=False: otherwise midnight becomes 23:59 of the same day.
            time = self.time(at.year, at.month, at.day, at.hour, at.minute, at.second, auto=False)
            made.append(self.unit({self.time_field: time, **dict(zip(self.fields, values, strict=True))}))
        return made

    def batch(self, units: list[Any]) -> Any:
        self.source.Bars = type("Bars", (_Source,), {"units": units})  # type: ignore[attr-defined]
        return self._start(step=False)[0]

    def step(self, units: list[Any]) -> Any:
        chan = self._start(step=True)
        for unit in units:
            chan.trigger_load({self.level: [unit]})
        return chan[0]

    def _start(self, *, step: bool) -> Any:
        # The dictionary is emptied by its reader.
        config = self.config({**CN_STRICT_1, "macd": dict(CN_STRICT_1["macd"]), "trigger_step": step})
        levels, source = [self.level], "custom:piped.Bars"
        return self.chan(code="bars", data_src=source, lv_list=levels, config=config, autype=self.unadjusted)


class _Source:
    """The data source that chan.py asks for its bars."""

    units: Sequence[Any] = ()

    def __init__(self, **_: Any) -> None: ...

    def get_kl_data(self) -> Sequence[Any]:
        return self.units

    @staticmethod
    def do_init() -> None: ...

    @staticmethod
    def do_close() -> None: ...


def rows(checkout: Checkout, bars: Mapping[str, list[Any]]) -> dict[str, list[dict[str, Any]]]:
    """All nine layers in the row form of `ChanResult.to_golden`; a zs has the direction of its first stroke."""
    found, ts = checkout.batch(checkout.units(bars)), bars["ts"]

    def span(start: int, end: int, direction: Any, *, high: float, low: float) -> dict[str, Any]:
        times = {"start_ts": ts[start], "end_ts": ts[end]}
        return {
            "start_idx": start,
            "end_idx": end,
            **times,
            "direction": direction.name.lower(),
            "high": high,
            "low": low,
        }

    def merged(bar: Any, direction: Any) -> dict[str, Any]:
        return span(bar.lst[0].idx, bar.lst[-1].idx, direction, high=bar.high, low=bar.low)

    def line(one: Any) -> dict[str, Any]:
        start, end = one.get_begin_klu().idx, one.get_end_klu().idx
        return {**span(start, end, one.dir, high=one._high(), low=one._low()), "sure": one.is_sure}

    def segment(one: Any) -> dict[str, Any]:
        return {**line(one), "n": one.cal_bi_cnt(), "reason": one.reason}

    def pivot(one: Any) -> dict[str, Any]:
        return {
            **span(one.begin.idx, one.end.idx, one.begin_bi.dir, high=one.high, low=one.low),
            "peak_high": one.peak_high,
            "peak_low": one.peak_low,
            "first_elem": one.begin_bi.idx,
            "last_elem": one.end_bi.idx,
            "merged_from": max(1, len(one.sub_zs_lst)),
            "sure": one.is_sure,
        }

    def point(one: Any) -> dict[str, Any]:
        idx, side, types_ = one.klu.idx, "buy" if one.is_buy else "sell", [kind.value for kind in one.type]
        price = one.bi.get_end_val()
        return {"idx": idx, "ts": ts[idx], "side": side, "types": types_, "price": price, "bi_idx": one.bi.idx}

    fractals = [bar for bar in found.lst if bar.fx != checkout.no_fractal]
    return {
        "merged": [merged(bar, bar.dir) for bar in found.lst],
        "fx": [{**merged(bar, bar.fx), "peak_idx": bar.get_peak_klu(bar.fx == checkout.top).idx} for bar in fractals],
        "bi": [line(one) for one in found.bi_list],
        "seg": [segment(one) for one in found.seg_list],
        "segseg": [segment(one) for one in found.segseg_list],
        "zs": [pivot(one) for one in found.zs_list],
        "segzs": [pivot(one) for one in found.segzs_list],
        "bsp": [point(one) for _, one in sorted(found.bs_point_lst.bsp_store_flat_dict.items())],
        "segbsp": [point(one) for _, one in sorted(found.seg_bs_point_lst.bsp_store_flat_dict.items())],
    }


def rates(checkout: Checkout, work: Callable[[list[Any]], Any], bars: Mapping[str, list[Any]]) -> list[float]:
    """Bars per second of each round; no round begins once ROUNDS_S have passed. Bar objects are made off the clock."""
    found: list[float] = []
    began = perf_counter()
    while not found or (len(found) < ROUNDS and perf_counter() - began < ROUNDS_S):
        units = checkout.units(bars)
        start = perf_counter()
        work(units)
        found.append(len(units) / (perf_counter() - start))
    return found


def serve(path: str) -> None:
    """Answer requests until the pipe closes."""
    # chan.py prints; only answers may go down the pipe.
    pipe, sys.stdout = sys.stdout, sys.stderr
    sys.path.insert(0, path)
    # Its segment rule calls itself.
    sys.setrecursionlimit(200_000)

    def say(answer: dict[str, Any]) -> None:
        pipe.write(json.dumps(answer) + "\n")
        pipe.flush()

    try:
        checkout = Checkout()
    except ImportError as error:
        what = f"the package {error.name!r}" if isinstance(error, ModuleNotFoundError) else f"something more ({error})"
        return say({"error": f"chan.py needs {what}, which {sys.executable} does not have."})
    say({"answer": "ready"})
    for request in map(json.loads, sys.stdin):
        bars = request["bars"]
        try:
            if request["work"] == "rows":
                say({"answer": rows(checkout, bars)})
            else:
                say({"answer": rates(checkout, getattr(checkout, request["work"]), bars)})
        except Exception as error:  # whatever it raises is its answer to these bars
            say({"error": f"chan.py failed on these bars: {type(error).__name__}: {error}"})


if __name__ == "__main__":
    serve(sys.argv[1])
