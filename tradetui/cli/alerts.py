"""`tradetui alerts`: list them, take them as read, and test whether a message reaches the operator's phone."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict

from tradetui.cli.ask import add_limit, ask, state_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.send import send
from tradetui.cli.show import moment, show_json, show_table, text
from tradetui.control.messages import Row


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `alerts`."""
    parser = subparsers.add_parser("alerts", help="test the alert channel, list alerts, take them as read")
    parser.add_argument(
        "action",
        choices=("test", "list", "ack"),
        help="test: send one message to every recipient; list: the latest, newest first; ack: all are read, "
        "for every screen of the core",
    )
    add_limit(parser, 20)


def run(args: argparse.Namespace) -> int:
    """Test, list or acknowledge.

    Raises:
        TradetuiError: why it was not done.
    """
    if args.action == "list":
        return _list(args)
    return _acknowledge(args) if args.action == "ack" else _test(args)


def _list(args: argparse.Namespace) -> int:
    rows = ask(paths_of(args), "alerts", {"limit": args.limit})
    if args.json:
        show_json(rows)
    elif rows:
        show_table(("NO", "TIME (UTC)", "SEVERITY", "DELIVERY", "TEXT"), [_cells(row) for row in rows], ("NO",))
    else:
        print("no alerts")
    return 0


def _cells(row: Row) -> list[str]:
    number = str(row.get("number", ""))
    return [
        number,
        moment(row.get("ts_ns")),
        text(row.get("severity")),
        text(row.get("delivery")),
        text(row.get("text")),
    ]


def _acknowledge(args: argparse.Namespace) -> int:
    paths = paths_of(args)
    numbers = [int(key) for key in state_of(paths, ("alerts",)).get("alerts", {}) if key.isdecimal()]
    if not numbers:
        print("no alerts since the core started")
        return 0
    return send(paths, "ack", target=str(max(numbers)))


def _test(args: argparse.Namespace) -> int:
    """Send one test message to every recipient of the profile and wait up to a minute for each to arrive.

    Raises:
        HomeError: there is no home.
        ConfigError: the configuration is refused.
        OperatorError: alerts are off, or a message did not arrive.
    """
    from tradetui.alerts.configured import settings_of
    from tradetui.alerts.trial import Trial
    from tradetui.config import load_config
    from tradetui.config.secret import load_twilio_secrets
    from tradetui.domain.errors import OperatorError

    paths = paths_of(args)
    settings = settings_of(load_config(paths.home, paths.profile, os.environ))
    secrets = load_twilio_secrets(paths.env_file, os.environ)
    off = settings.off_reason(has_credentials=secrets is not None)
    if off is not None or secrets is None:
        raise OperatorError(off or "alerts off")

    from tradetui.alerts.channels.whatsapp import WhatsAppChannel

    trial = Trial(WhatsAppChannel(secrets, settings), settings.policy, mono_ns=time.monotonic_ns, sleep=time.sleep)
    results = trial.run(wall_ns=time.time_ns(), recipients=len(settings.recipients))
    if args.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        for result in results:
            verdict = "delivered" if result.delivered else "NOT delivered"
            sys.stdout.write(
                f"recipient {result.recipient + 1}: {verdict} after {result.took_s:.1f} s ({result.status})\n"
            )
    lost = [result for result in results if not result.delivered]
    if lost:
        raise OperatorError(f"test alert not delivered to recipient {lost[0].recipient + 1}: {lost[0].status}")
    return 0
