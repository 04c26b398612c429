"""The run directory: everything needed to look at a run again, or to check that it can be repeated.

    runs/<run id>/  summary.json  bars.parquet  orders.parquet  fills.parquet  trades.parquet  refusals.parquet
                    equity.parquet

Invariant: a run directory is complete or absent, never changed afterwards, and the same inputs give the same bytes: no
clock, no random name and no path goes into a file. Files are 0600, directories 0700.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from tradetui.backtest.arrow_columns import write_parquet
from tradetui.backtest.outcome import Outcome
from tradetui.backtest.tables import run_tables
from tradetui.domain.errors import OperatorError

SUMMARY = "summary.json"


def save_run(outcome: Outcome, folder: Path) -> Path:
    """Write the run's directory into `folder` and return its path; an equal one that is there already is kept.

    Raises:
        OperatorError: the directory cannot be written, or holds another result of the same inputs.
    """
    final = folder / outcome.run_id
    part = folder / f".{outcome.run_id}.{os.getpid()}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.mkdir(mode=0o700)
        try:
            _write(outcome, part)
            return _publish(part, final)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise OperatorError(f"run directory {final} cannot be written: {error.strerror}") from None


def _publish(part: Path, final: Path) -> Path:
    if not final.exists():
        part.rename(final)
    elif _fingerprint(final) != _fingerprint(part):
        raise OperatorError(
            f"run directory {final} holds another result of the same inputs; was it changed? Remove it or give --out"
        )
    return final


def _fingerprint(folder: Path) -> list[tuple[str, str]]:
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in sorted(folder.iterdir())]


def _write(outcome: Outcome, folder: Path) -> None:
    for name, columns in run_tables(outcome).items():
        write_parquet(folder / f"{name}.parquet", columns)
    summary = {**outcome.identity, "metrics": outcome.metrics, "notes": list(outcome.notes)}
    path = folder / SUMMARY
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n", encoding="utf-8")
