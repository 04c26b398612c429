"""`tradetui gateway show-frames` and `replay-frames`: what the shell gets of a frame log.

Invariant: standard output is data; exit code 1 says that a replay differed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from tradetui.gateway.frames import reading
from tradetui.gateway.frames.recorded_server import RecordedServer
from tradetui.gateway.frames.replay import Comparison, Difference, replay
from tradetui.gateway.frames.showing import describe

HOST: Final = "127.0.0.1"
_SHOWN: Final = 20


def show(path: Path, *, whole: bool) -> int:
    """Print a log. Raises OperatorError."""
    for line in describe(reading.find(path).rows(), whole=whole):
        sys.stdout.write(f"{line}\n")
    return 0


def compare(path: Path) -> int:
    """Replay a log's clients; 1 if a reply differs. Raises OperatorError."""
    result = asyncio.run(replay(reading.find(path)))
    sys.stdout.write(_report(result))
    return 1 if result.differences else 0


def serve(path: Path, port: int) -> int:
    """Play a log's server side until every conversation was had. Raises OperatorError."""
    asyncio.run(_serve(RecordedServer(reading.find(path), HOST, port)))
    return 0


async def _serve(server: RecordedServer) -> None:
    await server.start()
    sys.stdout.write(f"recording listening on {HOST}:{server.port}\n")
    sys.stdout.flush()
    try:
        await server.ended()
    finally:
        await server.stop()


def _report(result: Comparison) -> str:
    lines = [
        f"{result.links} connections, {result.requests} requests played, {result.replies} replies compared, "
        f"{len(result.differences)} differ"
    ]
    for each in result.differences[:_SHOWN]:
        lines += [f"connection {each.link}, reply {each.number}:", *_both(each)]
    if len(result.differences) > _SHOWN:
        lines.append(f"and {len(result.differences) - _SHOWN} more")
    return "\n".join(lines) + "\n"


def _both(each: Difference) -> list[str]:
    """The two sides; of replies of one kind only the fields that differ."""
    one, other = each.recorded, each.now
    if one and other and one[0] == other[0] and len(one) == len(other):
        apart = [at for at in range(1, len(one)) if one[at] != other[at]]
        one, other = [one[0], *(one[at] for at in apart)], [other[0], *(other[at] for at in apart)]
    return [f"  recorded: {_line(one)}", f"  now:      {_line(other)}"]


def _line(fields: list[str] | None) -> str:
    return "nothing" if fields is None else " ".join(fields)
