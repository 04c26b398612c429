"""`tradetui bench`: speed against the budgets of the design, each figure with its budget beside it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tradetui.cli.main import Subparsers
from tradetui.domain.errors import OperatorError

if TYPE_CHECKING:
    from tradetui.bench.measure import Measurement

#: Seconds one benchmark may take before it counts as hung.
LIMIT_S = 180.0
#: Seconds a benchmark that is ended may take to end what it started.
GRACE_S = 10.0
QUICK = 0.1


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `bench`."""
    from tradetui.bench.catalogue import BENCHMARKS

    listed = "\n".join(f"  {name:<10}{entry.help}" for name, entry in BENCHMARKS.items())
    parser = subparsers.add_parser(
        "bench",
        help="measure speed against the budgets",
        description="Measure speed on this machine. Share is the part of the budget in use: below 1 is within it.",
        epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run (default: all)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: rough figures, quickly")


def run(args: argparse.Namespace) -> int:
    """Run the benchmarks, each in a process of its own, and print the figures as they come.

    Raises:
        OperatorError: a name is unknown, or a benchmark got no figure (after the others have run).
    """
    from tradetui.bench.catalogue import BENCHMARKS, check_names
    from tradetui.bench.machine import machine_facts, machine_line
    from tradetui.bench.measure import HEADING

    names = args.names or list(BENCHMARKS)
    check_names(names)
    facts = machine_facts()
    if not args.json:
        print(f"{machine_line(facts)}\n\n{HEADING}", flush=True)
    results: list[Measurement] = []
    failures = []
    for name in names:
        figures, problem = _measure(name, QUICK if args.quick else 1.0)
        results += figures
        if problem:
            failures.append(f"{name}: {problem}")
        if not args.json:
            sys.stdout.writelines(f"{figure.line()}\n" for figure in figures)
            sys.stdout.flush()
    if args.json:
        rows = [figure.as_json() for figure in results]
        print(json.dumps({"machine": facts, "quick": args.quick, "results": rows}, indent=2))
    if failures:
        raise OperatorError("not measured: " + "; ".join(failures))
    return 0


def _measure(name: str, scale: float) -> tuple[list[Measurement], str]:
    """Return the figures of one benchmark, and what went wrong (empty: nothing)."""
    from tradetui.bench.measure import Measurement

    command = [sys.executable, "-m", "tradetui.bench", name, str(scale)]
    child = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    problem = ""
    try:
        output, errors = child.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        problem = f"no result within {LIMIT_S:g} s"
        output, errors = _end(child)
    except BaseException:
        _end(child)
        raise
    figures = [Measurement.from_json(json.loads(line)) for line in output.splitlines()]
    if child.returncode and not problem:
        problem = errors.strip().splitlines()[-1] if errors.strip() else f"exit code {child.returncode}"
    return figures, problem


def _end(child: subprocess.Popen[str]) -> tuple[str, str]:
    """End a benchmark with everything it started; return what it wrote."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    try:
        return child.communicate(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        # The benchmark itself may be gone while something it started still holds the pipe.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        return child.communicate()
