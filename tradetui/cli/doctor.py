"""`tradetui doctor`: this machine, this home and the way to the broker, one line per check with its remedy."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.domain.errors import OperatorError

if TYPE_CHECKING:
    from tradetui.doctor.finding import Finding

_DESCRIPTION = (
    "Check everything that trading needs. Does not log in at the gateway, sends no order, changes no setting. "
    "Exit code 1 when a check fails."
)


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `doctor`."""
    subparsers.add_parser(
        "doctor", help="check this machine, the broker and the configuration", description=_DESCRIPTION
    )


def run(args: argparse.Namespace) -> int:
    """Print what was found.

    Raises:
        HomeError: there is no home.
        OperatorError: a check failed.
    """
    paths = paths_of(args)
    from tradetui.doctor.examine import examine
    from tradetui.doctor.finding import Case, Status

    findings = []
    for finding in examine(Case(paths=paths, environ=os.environ)):
        findings.append(finding)
        if not args.json:
            sys.stdout.write(_line(finding))
            sys.stdout.flush()
    failed = [finding.check for finding in findings if finding.status is Status.FAIL]
    if args.json:
        rows = [asdict(finding) for finding in findings]
        print(json.dumps({"ok": not failed, "profile": paths.profile, "checks": rows}, indent=2))
    if failed:
        raise OperatorError(f"{len(failed)} of {len(findings)} checks failed: {', '.join(failed)}")
    return 0


def _line(finding: Finding) -> str:
    remedy = f"\n{'':23}-> {finding.remedy}" if finding.remedy else ""
    return _clean(f"{finding.status.upper():<5} {finding.check:<16} {finding.text}") + _clean(remedy) + "\n"


def _clean(text: str) -> str:
    # What a file, a strategy or a gateway says may hold escape sequences.
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
