"""`tradetui gateway` as a process with its control channel open."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Running:
    """Where a gateway process listens."""

    port: int
    control_port: int


@contextmanager
def gateway_process(*words: str) -> Iterator[Running]:
    """A gateway on free ports; stopped at the end, which must succeed and leave nothing on standard error."""
    command = [sys.executable, "-m", "tradetui", "gateway", "--port", "0", "--control-port", "0", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        ports = re.fullmatch(r"gateway listening on 127\.0\.0\.1:(\d+), control on (\d+)\n", line)
        assert ports is not None, line or process.communicate()[1]
        yield Running(int(ports[1]), int(ports[2]))
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert said == "", said
