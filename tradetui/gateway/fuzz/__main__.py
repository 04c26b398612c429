"""`python -m tradetui.gateway.fuzz --frames 10000000`: fuzz for long. Exit code 1: some frame broke it."""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
from collections.abc import Sequence

from tradetui.gateway.fuzz.campaign import LIFE, Campaign, Outcome

_SHOWN = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Run a campaign and print what it saw."""
    parser = argparse.ArgumentParser(prog="python -m tradetui.gateway.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="how many frames (default 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="which frames (default 1)")
    parser.add_argument("--life", type=int, default=LIFE, help=f"frames for each gateway (default {LIFE})")
    args = parser.parse_args(argv)
    if args.frames < 1 or args.life < 1:
        parser.error("--frames and --life must be 1 or more")
    outcome = asyncio.run(Campaign(frames=args.frames, seed=args.seed, life=args.life, progress=_progress).run())
    sys.stdout.write(report(outcome, args.seed))
    return 1 if outcome.findings else 0


def report(outcome: Outcome, seed: int) -> str:
    """What a campaign saw, as lines."""
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [
        f"seed {seed}: {outcome.frames:,} frames in {outcome.seconds:,.0f} s"
        f" ({outcome.frames / max(outcome.seconds, 1e-9):,.0f}/s), {outcome.connections:,} connections,"
        f" {outcome.reply_bytes / 1e6:,.0f} MB of replies",
        f"slowest frame {outcome.slowest_s * 1000:.0f} ms: {_shown(outcome.slowest)}",
        f"memory: peak {peak_mb:.0f} MB; after each gateway {', '.join(f'{mb:.0f}' for mb in outcome.rss_mb)} MB",
        f"findings: {len(outcome.findings)}",
    ]
    lines += [f"  frame {each.number}: {each.reason}\n    {_shown(each.data)}" for each in outcome.findings]
    return "\n".join(lines) + "\n"


def _shown(data: bytes) -> str:
    return f"{data[:_SHOWN]!r}" + (f" and {len(data) - _SHOWN} bytes more" if len(data) > _SHOWN else "")


def _progress(outcome: Outcome) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{outcome.frames:,} frames, {len(outcome.findings)} findings ")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
