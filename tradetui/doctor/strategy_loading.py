"""Loads one strategy and says so in one line: the child process of `strategies`.

Reads one JSON object from standard input. What the strategy's own code prints goes nowhere.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from tradetui.domain.errors import TradetuiError
from tradetui.strategy.loader import load_strategy
from tradetui.strategy.settings import merged, settings_for


def main() -> int:
    """Load the strategy on standard input; return 0 when it is ready to run."""
    wanted = json.loads(sys.stdin.read())
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            line = _loaded(wanted)
    except TradetuiError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{line}\n")
    return 0


def _loaded(wanted: dict[str, Any]) -> str:
    folder = Path(wanted["folder"])
    found = load_strategy(wanted["file"] or wanted["strategy"], folder)
    theirs = settings_for(wanted["strategy"], folder)
    settings = merged(theirs, symbols=wanted["symbols"], qty=wanted["qty"], params=wanted["params"])
    symbols = settings.symbols or tuple(wanted["market"])
    instances = [found.make(symbol, settings.params) for symbol in symbols]
    warmup = max((instance.warmup_bars for instance in instances), default=0)
    where = found.file.name if found.file is not None else found.name
    return f"{where} loads for {', '.join(symbols)}; {warmup} bars of warm-up; {found.sha256[:12]}"


if __name__ == "__main__":
    sys.exit(main())
