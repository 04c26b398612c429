"""`tradetui gateway`: the paper gateway alone, for any TWS client."""

from __future__ import annotations

import argparse
import logging
import math
import sys
from pathlib import Path

from tradetui.cli.main import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `gateway`."""
    parser = subparsers.add_parser("gateway", help="run the paper gateway alone")
    parser.add_argument("--port", type=int, default=4002, help="port to listen on; 0 takes a free one (default 4002)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--allow-remote", action="store_true", help="let --host be an address other machines reach")
    parser.add_argument("--seed", type=int, default=1, help="seed of the synthetic market (default 1)")
    parser.add_argument("--market", default="synthetic", metavar="synthetic|replay:FILE", help="where prices come from")
    parser.add_argument(
        "--symbols", type=_words, metavar="A,B,...", help="shares of the synthetic market (default: all it has)"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="NUMBER|max",
        help="market seconds per real second (default 1); max: as fast as the clients read",
    )
    parser.add_argument(
        "--start", metavar="TIME", help="market time to begin at, ISO with zone: 2026-03-16T09:30-04:00"
    )
    parser.add_argument(
        "--keep-closed-hours", action="store_true", help="let nights and weekends pass instead of skipping them"
    )
    parser.add_argument("--max-version", type=int, default=178, help="newest server version offered (default 178)")
    parser.add_argument("--account", default="DU1234567", help="account code, or several: DU1,DU2 (default DU1234567)")
    parser.add_argument("--cash", type=float, default=1_000_000.0, help="starting cash in USD (default 1000000)")
    parser.add_argument("--control-port", type=int, help="loopback port of the control channel (default: none)")
    parser.add_argument("--faults", type=Path, metavar="FILE", help="start faults as this YAML or JSON schedule says")
    parser.add_argument("--scenario", metavar="NAME|FILE", help="play a story that cost somebody money")
    parser.add_argument("--list-scenarios", action="store_true", help="print the scenarios there are and end")
    parser.add_argument("--list-faults", action="store_true", help="print the catalogue of faults and end")
    parser.add_argument("--list-messages", action="store_true", help="print every message with its fields and end")
    parser.add_argument("--no-limits", action="store_true", help="let clients ask faster and for more than IB does")
    parser.add_argument("--read-only", action="store_true", help="refuse orders as a read-only API does")
    parser.add_argument("--data", default="live", metavar="live|delayed|none", help="market data the account may see")
    parser.add_argument(
        "--rules", type=Path, metavar="FILE", help="commissions, margins, short supply, splits, dividends (TOML)"
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the account in this file between runs")
    parser.add_argument(
        "--frame-log", type=Path, metavar="FILE", help="write every frame to this file (bounded, readable by you alone)"
    )
    parser.add_argument("--plain", action="store_true", help="no live console, even on a terminal")
    parser.add_argument("--verbose", action="store_true", help="narrate connections and requests on standard error")
    _add_frame_verbs(parser.add_subparsers(dest="action", metavar="FRAMES", title="a frame log's later use"))


def _add_frame_verbs(actions: Subparsers) -> None:
    show = actions.add_parser("show-frames", help="print a frame log with the names of its fields")
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument("--whole", action="store_true", help="show unused fields too")
    again = actions.add_parser("replay-frames", help="play a log's clients to a fresh gateway and compare its replies")
    again.add_argument("file", type=Path, metavar="FILE")
    again.add_argument(
        "--serve", type=int, metavar="PORT", help="play the log's server side to clients on this port (0: a free one)"
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().upper() for word in text.split(",") if word.strip())


def _speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not math.isfinite(speed):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor max")
    return speed


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted.

    Raises:
        OperatorError: the port, a file, a time or another option cannot be used.
    """
    if args.action is not None:
        return _frames(args)
    if args.list_faults or args.list_scenarios or args.list_messages:
        return _list(args)
    from tradetui.gateway.assembly import GatewayOptions
    from tradetui.gateway.market.synthetic import DEFAULT_SYMBOLS
    from tradetui.gateway.run import run as serve
    from tradetui.gateway.scenarios.scenario import load

    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if args.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    return serve(
        GatewayOptions(
            host=args.host,
            port=args.port,
            allow_remote=args.allow_remote,
            seed=args.seed,
            market=args.market,
            symbols=args.symbols or DEFAULT_SYMBOLS,
            speed=args.speed,
            start=args.start,
            skip_closed=not args.keep_closed_hours,
            max_version=args.max_version,
            account=args.account,
            cash=args.cash,
            control_port=args.control_port,
            state=args.state,
            faults=args.faults,
            limits=not args.no_limits,
            read_only=args.read_only,
            data=args.data,
            frame_log=args.frame_log,
            rules=args.rules,
        ),
        None if args.scenario is None else load(args.scenario),
        console=not args.plain and sys.stdin.isatty() and sys.stdout.isatty(),
    )


def _list(args: argparse.Namespace) -> int:
    if args.list_faults:
        from tradetui.gateway.faults.catalogue import as_markdown

        sys.stdout.write(as_markdown())
    if args.list_scenarios:
        from tradetui.gateway.scenarios.playing import listing
        from tradetui.gateway.scenarios.scenario import load, names

        sys.stdout.write(listing([load(name) for name in names()]))
    if args.list_messages:
        from tradetui.gateway.wire.reference import as_markdown as messages

        sys.stdout.write(messages())
    return 0


def _frames(args: argparse.Namespace) -> int:
    from tradetui.gateway.frames import command

    if args.action == "show-frames":
        return command.show(args.file, whole=args.whole)
    if args.serve is not None:
        return command.serve(args.file, args.serve)
    return command.compare(args.file)
