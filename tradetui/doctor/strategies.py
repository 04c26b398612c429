"""The enabled strategies: does each load, with its parameters, from a file that only the operator can change.

The files are executed in a process of their own, without credentials: one that hangs or prints costs nothing here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import tradetui
from tradetui.config.secret import without_secrets
from tradetui.doctor.finding import Case, Finding, fail, ok, skip, warn

LIMIT_S = 20.0


def check_strategies(case: Case) -> Iterator[Finding]:
    """Load every enabled strategy as its host would."""
    config = case.config
    if config is None:
        yield skip("strategies", "the configuration is refused")
        return
    enabled = [name for name, strategy in sorted(config.strategies.items()) if strategy.enabled]
    if not enabled:
        yield warn("strategies", "none is enabled: nothing will trade", "add a [strategies.NAME] table to config.toml")
        return
    for name in enabled:
        strategy = config.strategies[name]
        wanted: dict[str, object] = {
            "strategy": strategy.strategy or name,
            "file": strategy.file or "",
            "folder": str(case.paths.strategies),
            "symbols": strategy.symbols or (),
            "market": config.market.symbols,
            "qty": strategy.qty,
            "params": dict(strategy.params),
        }
        yield _load(case, name, wanted)


def _load(case: Case, name: str, wanted: dict[str, object]) -> Finding:
    remedy = "correct the file or its table in config.toml; `tradetui strategies` lists what there is"
    check = f"strategy {name}"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tradetui.doctor.strategy_loading"],
            input=json.dumps(wanted),
            env={**without_secrets(case.environ), "PYTHONPATH": str(Path(tradetui.__file__).parents[1])},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return fail(check, f"it does not load within {LIMIT_S:g} s", "something at the top of its file hangs")
    text = (done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
    return ok(check, text) if done.returncode == 0 else fail(check, text, remedy)
