"""`python -m tests.mutants [NAME ...]`: hunts all planted bugs, or those named, and says how long each took."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.mutants.hunt import LIMIT, Hunt, hunt, names


def main() -> int:
    """Hunt the mutants; return 1 when one is not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants to hunt (default: all)")
    parser.add_argument("--limit", type=int, default=LIMIT, help="episodes for each")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    args = parser.parse_args()
    missed: list[Hunt] = []
    with ThreadPoolExecutor(args.workers) as pool:
        for result in pool.map(lambda name: hunt(name, args.limit), args.names or names()):
            sys.stdout.write(f"{result.name:<40}{result.episodes:>6}  {result.reason or 'NOT FOUND'}\n")
            sys.stdout.flush()
            if not result.reason:
                missed.append(result)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
