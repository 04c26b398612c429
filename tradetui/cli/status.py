"""`tradetui status`: connection, trading state, account and health in a few lines."""

from __future__ import annotations

import argparse

from tradetui.cli.ask import one, state_of, zone_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import moment, number, show_json, show_pairs, signed, text
from tradetui.control.messages import Row, State

_SECTIONS = ("core", "link", "account", "latches", "strategies", "alerting")


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `status`."""
    subparsers.add_parser("status", help="show connection, trading state and health")


def run(args: argparse.Namespace) -> int:
    """Print the status of the running core.

    Raises:
        CoreUnavailable: no core runs, or it does not answer.
    """
    state = state_of(paths_of(args), _SECTIONS)
    if args.json:
        show_json(
            {
                name: one(state, name) if name in ("core", "link", "account", "alerting") else rows
                for name, rows in state.items()
            }
        )
        return 0
    show_pairs(_lines(state))
    return 0


def _lines(state: State) -> list[tuple[str, str]]:
    core, link, account = one(state, "core"), one(state, "link"), one(state, "account")
    zone = zone_of(state)
    lines = [
        ("trading", _trading(core)),
        ("account", f"{text(core.get('account'))} {text(core.get('mode'))}, profile {text(core.get('profile'))}"),
        ("link", f"{text(link.get('state'))}: {text(link.get('reason'))}"),
        (
            "market",
            f"{moment(core.get('market_ns'), zone)} {'open' if core.get('session_open') else 'closed'}{_speed(core)}",
        ),
        (
            "equity",
            f"{number(account.get('equity'))} {text(account.get('currency'))}, today {signed(account.get('day_pnl'))}",
        ),
    ]
    if core.get("review"):
        lines.append(("review", f"{text(core.get('review'))}; see `tradetui restart-review`"))
    lines += [
        (
            f"latch {key}",
            f"{text(row.get('state'))} by {text(row.get('who'))}: {text(row.get('why'))} "
            f"(cleared by: {text(row.get('cleared_by'))})",
        )
        for key, row in state.get("latches", {}).items()
    ]
    lines += [(f"strategy {name}", _strategy(row)) for name, row in state.get("strategies", {}).items()]
    lines += [("journal", text(core.get("journal"))), ("alerts", text(one(state, "alerting").get("state")))]
    if core.get("health"):
        lines.append(("health", text(core.get("health"))))
    lines.append(("process", _process(core)))
    return lines


def _trading(core: Row) -> str:
    why = f": {core['why']}" if core.get("why") else ""
    pending = ", kill NOT CONFIRMED yet" if core.get("kill_pending") else ""
    flatten = f", flatten: {core['flatten']}" if core.get("flatten") else ""
    return f"{text(core.get('state'))}{why}{pending}{flatten}"


def _speed(core: Row) -> str:
    speed = core.get("speed")
    return "" if speed in (None, 1, 1.0) else f", {number(speed, 0)} times real speed"


def _strategy(row: Row) -> str:
    reason = f": {row['reason']}" if row.get("reason") else ""
    return f"{text(row.get('state'))}{reason}, {row.get('decisions')} decisions, {row.get('signals')} signals"


def _process(core: Row) -> str:
    latency = f"{number(core.get('order_latency_p50_ms'))}/{number(core.get('order_latency_p99_ms'))}"
    return (
        f"{core.get('pid')}, version {text(core.get('version'))}, "
        f"loop lag p99 {number(core.get('loop_lag_ms'), 1)} ms, bar to order p50/p99 {latency} ms, "
        f"memory {number(core.get('rss_mb'), 0)} MB"
    )
