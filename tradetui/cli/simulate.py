"""`tradetui simulate`: seeded episodes of the trading core against a misbehaving broker, with what they reached."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator

from tradetui.cli.main import Subparsers

EPISODES = 200
SHELL_EPISODES = 20


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `simulate`."""
    parser = subparsers.add_parser(
        "simulate",
        help="simulate the trading core against a misbehaving broker",
        description="Run seeded episodes with faults; every invariant is checked after every step. The same seed gives "
        "the same episode. A failure prints its seed and the shortest moves that show it, and exits 1.",
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--seed", type=int, metavar="N", help="replay the one episode of seed N")
    amount.add_argument(
        "--episodes", type=_positive, metavar="N", help=f"run N episodes (default: {EPISODES}, shell {SHELL_EPISODES})"
    )
    amount.add_argument("--seconds", type=float, metavar="S", help="run episodes for S seconds")
    parser.add_argument(
        "--level",
        choices=("core", "shell"),
        default="core",
        help="core: the trading core against a model of the broker (default); shell: the whole shell with the real IB "
        "library against the paper gateway, on a virtual clock",
    )
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="N", help="the first seed (default: 0)")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of episodes")
    return number


def run(args: argparse.Namespace) -> int:
    """Run the episodes, print the figures, return 1 when an invariant did not hold."""
    return _shell(args) if args.level == "shell" else _core(args)


def _seeds(args: argparse.Namespace, episodes: int) -> Iterator[int]:
    if args.seed is not None:
        return iter([args.seed])
    if args.seconds is not None:
        return itertools.count(args.first)
    return iter(range(args.first, args.first + (args.episodes or episodes)))


def _core(args: argparse.Namespace) -> int:
    from tradetui.simulation.campaign import run_campaign
    from tradetui.simulation.episode import Episode
    from tradetui.simulation.report import failure_text, json_of, text_of
    from tradetui.simulation.shrink import shrink

    campaign = run_campaign(_seeds(args, EPISODES), seconds=args.seconds)
    shrunk = shrink(campaign.failure) if campaign.failure is not None else None
    if args.json:
        print(json.dumps(json_of(campaign, shrunk), indent=2))
    else:
        print(text_of(campaign))
        if args.seed is not None and shrunk is None:
            episode = Episode(args.seed)
            episode.run()
            print(f"seed {args.seed} holds; trace {episode.trace_hash}")
    if campaign.failure is not None and shrunk is not None:
        print(failure_text(campaign.failure, shrunk), file=sys.stderr)
        return 1
    return 0


def _shell(args: argparse.Namespace) -> int:
    from tradetui.simulation.shell.campaign import failure_text, json_of, run_campaign, shrink, text_of

    campaign = run_campaign(_seeds(args, SHELL_EPISODES), seconds=args.seconds)
    shrunk = shrink(campaign.failure) if campaign.failure is not None else None
    if args.json:
        print(json.dumps(json_of(campaign, shrunk), indent=2))
    else:
        print(text_of(campaign))
        if args.seed is not None and shrunk is None:
            print(f"seed {args.seed} holds; trace {campaign.trace}")
    if campaign.failure is not None and shrunk is not None:
        print(failure_text(campaign.failure, shrunk), file=sys.stderr)
        return 1
    return 0
