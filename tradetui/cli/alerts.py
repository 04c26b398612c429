"""`tradetui alerts test`: does a message from here reach the operator's phone."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `alerts`."""
    parser = subparsers.add_parser("alerts", help="send a test alert and follow it to the phone")
    parser.add_argument("action", choices=("test",), help="test: send one message to every recipient")


def run(args: argparse.Namespace) -> int:
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
