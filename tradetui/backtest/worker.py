"""A backtest in a process of its own: a request in, JSON lines out. The screen stays responsive and can kill it.

The request is one JSON line on standard input, or options on the command line (then standard input is not read):

    {"strategy": "ma_crossover", "symbols": ["SPY"], "bars": "spy.parquet", "from": "2020-01-02", "to": null,
     "params": {"fast": 5}, "cash": 100000, "slippage_bps": 1, "commission": "ibkr_fixed", "home": ".", "profile": null}

    --home DIR --strategy NAME --symbols SPY,QQQ --bars FILE [--start DATE] [--end DATE] [--profile P] [--no-save]

Lines out: {"progress": 0.42} at most ten a second, and last {"metrics": ..., "equity": [[ns, value], ...], "trades": n,
"run": dir, "notes": [...]} or {"error": "one line"}. SIGTERM ends it without leaving half a run directory behind.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tradetui.domain.errors import OperatorError, TradetuiError
from tradetui.home import PROFILES, resolve_paths

_EVERY_S = 0.1
_MOST_POINTS = 300
_KEYS = frozenset(
    {
        "strategy", "symbols", "bars", "from", "to", "params", "cash", "slippage_bps", "commission", "volume_cap",
        "calendar", "limits", "home", "profile", "save",
    }
)  # fmt: skip
_CANCELLED = 143  # 128 + SIGTERM, what a shell reports


class Cancelled(BaseException):
    """SIGTERM came. Not SystemExit: that may come from strategy code and counts as its failure."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve one request and return the exit code: 0 done, 1 failed (the reason was printed)."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _end)
    try:
        words = list(sys.argv[1:] if argv is None else argv)
        _say(_serve(_from_options(words) if words else _from_line(sys.stdin.readline())))
    except Cancelled:
        return _CANCELLED
    except TradetuiError as error:
        _say({"error": str(error)})
        return 1
    except Exception as error:
        if os.environ.get("TRADETUI_DEBUG") == "1":
            raise
        _say({"error": f"internal error: {type(error).__name__}: {error}; please report it"})
        return 1
    return 0


def _serve(request: Mapping[str, Any]) -> dict[str, object]:
    # Here: a malformed request is refused before numpy is loaded.
    from tradetui.backtest.artifacts import save_run
    from tradetui.backtest.outcome import run_prepared, thinned
    from tradetui.backtest.request import BacktestRequest, prepare

    paths = resolve_paths(_text(request, "home"), _text(request, "profile"), os.environ, Path.cwd())
    paths.prepare()
    wanted = BacktestRequest(
        strategy=_text(request, "strategy") or _missing("strategy"),
        bars=Path(_text(request, "bars") or _missing("bars")).expanduser(),
        symbols=tuple(request.get("symbols") or ()),
        start=_text(request, "from"),
        end=_text(request, "to"),
        params=request.get("params") or {},
        cash=_number(request, "cash"),
        slippage_bps=_number(request, "slippage_bps"),
        commission=_text(request, "commission"),
        volume_cap=_number(request, "volume_cap"),
        calendar=_text(request, "calendar"),
        limits=request.get("limits", True) is not False,
    )
    outcome = run_prepared(prepare(wanted, paths), _throttled())
    saved = None if request.get("save") is False else save_run(outcome, paths.state / "runs")
    return {
        "metrics": outcome.metrics,
        "equity": thinned(outcome.curve, _MOST_POINTS),
        "trades": outcome.metrics["trades"],
        "run": None if saved is None else str(saved),
        "notes": list(outcome.notes),
    }


def _throttled() -> Callable[[float], None]:
    latest = time.monotonic()

    def report(fraction: float) -> None:
        nonlocal latest
        now = time.monotonic()
        if now - latest >= _EVERY_S:
            latest = now
            _say({"progress": round(fraction, 4)})

    return report


def _from_line(line: str) -> Mapping[str, Any]:
    try:
        request = json.loads(line)
    except ValueError:
        raise OperatorError("the request is no JSON line") from None
    if not isinstance(request, dict):
        raise OperatorError("the request is no JSON object")
    unknown = sorted(set(request) - _KEYS)
    if unknown:
        raise OperatorError(f"the request has an unknown key {unknown[0]!r}; it may have {', '.join(sorted(_KEYS))}")
    symbols = request.get("symbols") or []
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise OperatorError("the request's symbols must be a list of texts")
    if not isinstance(request.get("params") or {}, dict):
        raise OperatorError("the request's params must be an object")
    return request


def _from_options(words: Sequence[str]) -> Mapping[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tradetui.backtest.worker", allow_abbrev=False)
    for name in ("--home", "--strategy", "--symbols", "--bars", "--start", "--end"):
        parser.add_argument(name)
    parser.add_argument("--profile", choices=PROFILES)
    parser.add_argument("--no-save", action="store_true")
    given = parser.parse_args(words)
    return {
        "home": given.home,
        "profile": given.profile,
        "strategy": given.strategy,
        "symbols": [symbol for symbol in (given.symbols or "").split(",") if symbol],
        "bars": given.bars,
        "from": given.start,
        "to": given.end,
        "save": not given.no_save,
    }


def _text(request: Mapping[str, Any], key: str) -> str | None:
    value = request.get(key)
    if value is None or isinstance(value, str):
        return value or None
    raise OperatorError(f"the request's {key} is {value!r}; it must be a text")


def _number(request: Mapping[str, Any], key: str) -> float | None:
    value = request.get(key)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise OperatorError(f"the request's {key} is {value!r}; it must be a number")


def _missing(key: str) -> NoReturn:
    raise OperatorError(f"the request names no {key}")


def _say(message: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(message, allow_nan=False) + "\n")
    sys.stdout.flush()


def _end(*_: object) -> NoReturn:
    # An exception, so that a half-written run directory is removed on the way out.
    raise Cancelled


if __name__ == "__main__":
    sys.exit(main())
