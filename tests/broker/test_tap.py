"""The tap: every message of the library has a place to go, and no failure of ours is the library's to swallow."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from tests.broker.rig import Rig
from tradetui.broker.ib import library
from tradetui.broker.ib.desk import ErrorDesk
from tradetui.broker.ib.requests import FIRST_REQUEST_ID, Requests
from tradetui.broker.ib.tap import IGNORED, Tap
from tradetui.domain.events import BrokerMessage, Event


def faults_of(routes: dict[str, Callable[..., None]]) -> tuple[Tap, list[tuple[str, str]]]:
    faults: list[tuple[str, str]] = []
    return Tap(routes, lambda name, reason: faults.append((name, reason)), "America/New_York"), faults


async def test_every_callback_the_decoder_makes_unseen_is_taken_or_ignored_on_purpose(rig: Rig) -> None:
    connector = await rig.ready()
    assert connector._live is not None
    tap = connector._live.session.client.decoder.wrapper
    source = inspect.getsource(library._library.decoder)
    called = set(re.findall(r"self\.wrapper\.(\w+)\(", source))
    assert called - set(dir(tap)) == set()
    assert len(called) > 20
    assert set(IGNORED) <= set(dir(tap))


def test_a_handler_that_fails_is_reported_with_the_message_and_raises_nothing() -> None:
    def fail(*_: object) -> None:
        raise KeyError("SPY")

    tap, faults = faults_of({"execDetails": fail})
    call: Any = tap
    call.execDetails(-1, None, None)
    assert faults == [("execDetails", "KeyError: 'SPY'")]


def test_what_the_decoder_would_only_log_is_reported_with_the_message() -> None:
    tap, faults = faults_of({})
    tap.decoder_log.exception("Error handling fields: ['11', '-1', '13']")
    tap.decoder_log.exception("Error for orderStatus:")
    tap.decoder_log.exception("something new")
    assert faults == [("11", "cannot be decoded"), ("orderStatus", "cannot be decoded"), ("?", "something new")]


def test_execution_times_without_a_zone_are_read_in_the_zone_of_tws() -> None:
    tap, faults = faults_of({})
    seen: list[Any] = []
    call: Any = tap
    call.execDetails = lambda _request, _contract, execution: seen.append(execution)
    client: Any = library.new_client(tap)
    client.decoder.logger = tap.decoder_log
    client.decoder.serverVersion = 176
    for text in ("20260413  15:27:04", "20260413 15:27:04 US/Eastern", "20260413 19:27:04 UTC"):
        fields = f"11|-1|13|1|SPY|STK||0.0|||IEX|USD|SPY|SPY|a.01|{text}|DU1|IEX|BOT|1|257.95|9|42|0|1|257.95|ref||||2"
        client.decoder.interpret(fields.split("|"))
    assert faults == []
    assert [item.time.astimezone(UTC).isoformat() for item in seen] == ["2026-04-13T19:27:04+00:00"] * 3


class Link:
    """Notes what an error code made of the link."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def link_lost(self, code: int, text: str) -> None:
        self.notes.append(f"lost {code}")

    def link_back(self, code: int, text: str, *, data_lost: bool) -> None:
        self.notes.append(f"back {code} {'without' if data_lost else 'with'} data")

    def port_moved(self, text: str) -> None:
        self.notes.append("moved")

    def turned_away(self, code: int, text: str) -> None:
        self.notes.append(f"away {code}")


def desk() -> tuple[ErrorDesk, Link, list[Event]]:
    link = Link()
    events: list[Event] = []
    return ErrorDesk(link, Requests(), lambda _request, _code: None, events.append), link, events


@pytest.mark.parametrize(
    ("code", "note"),
    [
        (1100, ["lost 1100"]),
        (2110, ["lost 2110"]),
        (1101, ["back 1101 without data"]),
        (1102, ["back 1102 with data"]),
        (1300, ["moved"]),
        (326, ["away 326"]),
        (2104, []),
        (2103, []),
        (99999, []),
    ],
)
def test_session_codes_move_the_link_and_are_all_passed_on(code: int, note: list[str]) -> None:
    sorter, link, events = desk()
    sorter.take(-1, code, "text")
    assert link.notes == note
    assert events == [BrokerMessage(code, "text")]


@pytest.mark.parametrize("code", [201, 10148, 10349, 399, 202, 1100, 12345])
def test_a_code_about_an_order_is_passed_on_with_the_order_and_is_never_a_verdict(code: int) -> None:
    sorter, link, events = desk()
    sorter.take(17, code, "text", '{"reason":"x"}')
    assert link.notes == []
    assert events == [BrokerMessage(code, 'text {"reason":"x"}', order_id=17)]


def test_the_tail_of_a_question_we_ended_is_quiet_and_other_strays_are_not() -> None:
    sorter, _, events = desk()
    sorter.take(FIRST_REQUEST_ID, 366, "No historical data query found")
    sorter.take(FIRST_REQUEST_ID, 300, "Can't find EId")
    assert events == []
    sorter.take(FIRST_REQUEST_ID, 321, "invalid")
    assert events == [BrokerMessage(321, "invalid")]


def test_an_error_with_the_unset_id_is_about_the_session() -> None:
    sorter, link, events = desk()
    sorter.take(2147483647, 1100, "lost")
    assert link.notes == ["lost 1100"]
    assert events == [BrokerMessage(1100, "lost")]


def test_the_library_itself_stays_quiet_about_what_we_report() -> None:
    # In a process of its own: other tests may have set log levels.
    script = (
        "import logging; from tradetui.broker.ib import library; "
        "assert not logging.getLogger(library._library.__name__ + '.client').isEnabledFor(logging.ERROR)"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=False).returncode == 0
