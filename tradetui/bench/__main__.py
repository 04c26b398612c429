"""One benchmark in a process of its own: `python -m tradetui.bench NAME [SCALE]` prints one JSON line per figure.

A process each, so that no benchmark measures what another one left in memory.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence

from tradetui.bench.catalogue import load
from tradetui.bench.measure import write_line
from tradetui.domain.errors import TradetuiError


def main(argv: Sequence[str]) -> int:
    """Run the benchmark `argv[0]` at scale `argv[1]` (default 1)."""
    # Ended early, a benchmark still ends the processes it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        for measurement in load(argv[0]).measure(float(argv[1]) if len(argv) > 1 else 1.0):
            write_line(json.dumps(measurement.as_json()))
    except TradetuiError as error:
        write_line(str(error), sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
