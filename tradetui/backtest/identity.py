"""What a run is made of, as hashes: the same inputs, settings and code give the same run id, and nothing else does."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from tradetui import __version__
from tradetui.backtest.request import Prepared
from tradetui.domain.clock import to_datetime
from tradetui.strategy.api import parameters

JsonTree = dict[str, object]


def identity(prepared: Prepared) -> JsonTree:
    """Return everything that the result depends on, as JSON values in a fixed order, `run_id` first."""
    settings = _settings(prepared)
    strategy = prepared.strategy
    parts: JsonTree = {
        "strategy": strategy.name,
        "strategy_file": strategy.file.name if strategy.file is not None else None,
        "strategy_sha256": strategy.sha256,
        "symbols": [player.instrument.symbol for player in prepared.players],
        "config_hash": _digest(settings),
        "data_file": prepared.bar_file.name,
        "data_sha256": file_hash(prepared.bar_file),
        "data_range": _range(prepared),
        "version": __version__,
        "git_sha": git_sha(Path(__file__).parents[2]),
        "settings": settings,
    }
    symbols = "-".join(sorted(player.instrument.symbol for player in prepared.players)[:3])
    return {"run_id": f"{strategy.name}-{symbols}-{_digest(parts)[:12]}", **parts}


def file_hash(path: Path) -> str:
    """Return the SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_sha(root: Path) -> str | None:
    """Return the commit checked out at `root`, None outside a checkout. Read from files: git need not be there."""
    git = root / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = git / name
        if loose.is_file():
            return loose.read_text(encoding="ascii").strip()
        for line in (git / "packed-refs").read_text(encoding="ascii").splitlines():
            if line.endswith(f" {name}"):
                return line.split()[0]
    except (OSError, UnicodeDecodeError):
        return None
    return None


def _settings(prepared: Prepared) -> JsonTree:
    spec, strategy = prepared.spec, prepared.players[0].strategy
    limits = asdict(spec.limits)
    limits["symbols"] = sorted(spec.limits.symbols)
    limits["sectors"] = {name: sorted(symbols) for name, symbols in spec.limits.sectors.items()}
    return {
        "params": {name: getattr(strategy, name) for name in sorted(parameters(type(strategy)))},
        "cash": spec.cash,
        "commission": prepared.commission,
        "slippage_bps": spec.costs.slippage_bps,
        "volume_cap": spec.volume_cap,
        "halt_scope": spec.halt_scope.value,
        "calendar": prepared.calendar,
        "multipliers": {item.instrument.symbol: item.instrument.multiplier for item in prepared.players},
        "limits": limits,
    }


def _range(prepared: Prepared) -> list[str]:
    ends = [columns.end_ns for columns in prepared.bars.values()]
    first = max(min(int(column[0]) for column in ends), prepared.spec.start_ns)
    last = max(int(column[-1]) for column in ends)
    return [to_datetime(first).isoformat(), to_datetime(last).isoformat()]


def _digest(tree: JsonTree) -> str:
    canonical = json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
