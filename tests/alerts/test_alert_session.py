"""A watcher's session over real pipes, the real twilio package and a loopback Twilio."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.alerts.conversation import Conversation, World, session_of
from tests.alerts.twilio_server import OTHER_RECIPIENT, RECIPIENT, Fault, Twilio
from tradetui.alerts.channels.whatsapp import WhatsAppChannel
from tradetui.alerts.delivery import DeliveryState
from tradetui.alerts.outbox import Prior
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.solelock import SoleLock
from tradetui.alerts.watchlog import NAME
from tradetui.alerts.wire import Report, Submission
from tradetui.config.secret import TwilioSecrets
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.clock import SECOND_NS

S = DeliveryState


@pytest.fixture
def channel(secrets: TwilioSecrets, settings: AlertSettings) -> WhatsAppChannel:
    return WhatsAppChannel(secrets, settings)


@pytest.fixture
def world(state: Path) -> World:
    return World(state)


async def _arrived(twilio: Twilio, condition: Callable[[], bool]) -> None:
    assert await asyncio.to_thread(twilio.wait_until, condition)


def _log(world: World) -> list[dict[str, object]]:
    return [json.loads(line) for line in (world.state / NAME).read_text().splitlines()]


async def test_an_alert_is_followed_to_the_phone(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    async with session_of(settings, channel, world) as running:
        running.core.alert(17)
        report = await running.core.state(17, S.DELIVERED)
        assert running.core.states(17) == [S.QUEUED, S.SENDING, S.SENT, S.SENT, S.DELIVERED]
        assert report.sid == twilio.messages[0].sid
        assert "#paper-17 kill: killed" in twilio.bodies()[0]


async def test_without_credentials_an_alert_is_suppressed_with_the_reason(
    settings: AlertSettings, world: World
) -> None:
    async with session_of(settings, "alerts off: no Twilio credentials", world) as running:
        running.core.alert(1)
        assert (await running.core.state(1, S.SUPPRESSED)).reason == "alerts off: no Twilio credentials"
        running.core.bye()
        await running.ended()


async def test_every_recipient_gets_the_alert_and_the_row_names_who_did_not(
    settings: AlertSettings, secrets: TwilioSecrets, world: World, twilio: Twilio
) -> None:
    both = replace(settings, recipients=(RECIPIENT, OTHER_RECIPIENT))
    async with session_of(both, WhatsAppChannel(secrets, both), world) as running:
        twilio.script_send.append(Fault.BAD_REQUEST)
        running.core.alert(1)
        report = await running.core.state(1, S.DELIVERED)
        assert "1 of 2 recipients reached; recipient 1: 21211" in report.reason
    assert [message.to for message in twilio.messages] == [f"whatsapp:{OTHER_RECIPIENT}"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.ACCEPTED_THEN_RESET,
        Fault.ACCEPTED_THEN_HANG,
        Fault.ACCEPTED_THEN_SERVER_ERROR,
        Fault.ACCEPTED_THEN_GARBAGE,
    ],
)
async def test_a_message_that_was_taken_without_an_answer_is_not_sent_twice(
    settings: AlertSettings, secrets: TwilioSecrets, world: World, twilio: Twilio, fault: Fault
) -> None:
    hasty = replace(settings, read_s=0.4)
    async with session_of(hasty, WhatsAppChannel(secrets, hasty), world) as running:
        twilio.script_send.append(fault)
        running.core.alert(1)
        await running.core.state(1, S.DELIVERED)
    assert len(twilio.messages) == 1


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.SERVER_ERROR, Fault.HANG, Fault.REDIRECT])
async def test_a_message_that_was_not_taken_is_sent_again_after_the_list_was_read(
    settings: AlertSettings, secrets: TwilioSecrets, world: World, twilio: Twilio, fault: Fault
) -> None:
    hasty = replace(settings, read_s=0.4)
    async with session_of(hasty, WhatsAppChannel(secrets, hasty), world) as running:
        twilio.script_send.append(fault)
        twilio.script_list.append(Fault.SERVER_ERROR)
        running.core.alert(1)
        report = await running.core.state(1, S.DELIVERED)
    assert (report.attempts, report.resends) == (2, 1)
    assert (twilio.sends, twilio.lists, len(twilio.messages)) == (2, 2, 1)


async def test_a_template_refused_at_delivery_is_reported_with_its_remedy(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    twilio.life = (("sent", None), ("undelivered", 63016))
    async with session_of(settings, channel, world) as running:
        running.core.alert(1)
        report = await running.core.state(1, S.UNDELIVERED)
    assert report.code == 63016
    assert "TWILIO_CONTENT_SID" in report.reason


async def test_after_refused_credentials_the_carrier_is_not_asked_again(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    async with session_of(settings, channel, world) as running:
        twilio.script_send.append(Fault.UNAUTHORIZED)
        running.core.alert(1, "kill")
        assert (await running.core.state(1, S.FAILED)).code == 20003
        running.core.alert(2, "breaker")
        assert (await running.core.state(2, S.FAILED)).code == 20003
    assert twilio.sends == 1


async def test_a_carrier_that_hangs_delays_neither_the_pipe_nor_a_new_critical_alert_for_long(
    settings: AlertSettings, secrets: TwilioSecrets, world: World, twilio: Twilio
) -> None:
    hasty = replace(settings, read_s=0.4)
    async with session_of(hasty, WhatsAppChannel(secrets, hasty), world) as running:
        twilio.script_send.append(Fault.HANG)
        running.core.alert(1, "stale_data", Severity.WARNING)
        await running.core.state(1, S.SENDING)
        running.core.alert(2, "stale_data", Severity.WARNING)
        assert (await running.core.state(2, S.FOLDED)).into == 1
        running.core.alert(3, "kill")
        await running.core.state(3, S.DELIVERED)
    assert "#paper-3" in twilio.bodies()[0]


async def test_a_storm_is_one_message_and_its_rest_is_told_at_goodbye(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    async with session_of(settings, channel, world) as running:
        for number in range(1, 201):
            running.core.alert(number, "order_failure", Severity.WARNING, "rejected")
        await running.core.state(200, S.FOLDED)
        running.core.bye()
        await running.ended()
    assert len(twilio.bodies()) == 2
    assert "199 more in" in twilio.bodies()[1]


async def test_a_goodbye_ends_the_watcher_after_the_last_alert_was_taken(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    async with session_of(settings, channel, world) as running:
        running.core.alert(1, text="stopped by the operator")
        running.core.bye()
        running.core.writer.close()
        await running.ended()
    assert len(twilio.bodies()) == 1
    assert [line["what"] for line in _log(world)].count("core_dead") == 0


async def test_a_pipe_that_closes_without_goodbye_is_reported_as_a_dead_core(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    async with session_of(settings, channel, world) as running:
        running.core.alert(1)
        await running.core.state(1, S.DELIVERED)
        running.core.writer.close()
        running.core.reader.close()
        await running.ended()
    assert [("core is dead" in body) for body in twilio.bodies()] == [False, True]
    assert "PAPER CRITICAL" in twilio.bodies()[1]
    (dead,) = [line for line in _log(world) if line["what"] == "core_dead"]
    assert dead["severity"] == "CRITICAL"
    assert _log(world)[-1]["state"] == "DELIVERED"


async def test_a_dead_core_is_logged_also_when_alerts_are_off(settings: AlertSettings, world: World) -> None:
    async with session_of(settings, "alerts off: alerts.whatsapp is false", world) as running:
        running.core.writer.close()
        await running.ended()
    assert "core_dead" in [line["what"] for line in _log(world)]
    assert (world.state / NAME).stat().st_mode & 0o777 == 0o600


async def test_a_dead_core_is_noticed_although_another_process_holds_its_pipe_open(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    async with session_of(settings, channel, world) as running:
        world.parent = 2
        await running.ended()
    assert "core is dead" in twilio.bodies()[0]


async def test_a_core_that_comes_back_takes_over_and_nothing_is_said_about_its_death(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    patient = replace(settings, grace_s=60.0)
    twilio.script_send.extend([Fault.RATE_LIMITED] * 3)
    async with session_of(patient, channel, world) as running:
        running.core.alert(1, severity=Severity.WARNING)
        await running.core.state(1, S.SENDING)
        await running.core.state(1, S.QUEUED)
        running.core.writer.close()
        await _until(lambda: any(line["what"] == "core gone" for line in _log(world)))
        world.beat()
        await running.ended()
    assert twilio.bodies() == []
    assert _log(world)[-1]["reason"] == "handed over to the new core's watcher"


async def test_a_core_that_stops_beating_is_reported_and_so_is_its_return(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    strict = replace(settings, heartbeat_timeout_s=0.1, grace_s=0.1)
    async with session_of(strict, channel, world) as running:
        await running.core.state(None, S.DELIVERED)
        world.beat()
        await running.core.state(None, S.DELIVERED)
        running.core.bye()
        await running.ended()
    assert "core hangs: no heartbeat for 0 s" in twilio.bodies()[0]
    assert "core responds again" in twilio.bodies()[1]


async def test_a_core_that_does_not_read_reports_does_not_stop_alerts(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    async with session_of(settings, channel, world, backlog=4096) as running:
        for number in range(600):
            running.core.alert(number, "order_failure", Severity.WARNING)
        running.core.alert(1000, "kill")
        await _arrived(twilio, lambda: len(twilio.messages) == 2)
        assert any("#paper-1000 kill" in body for body in twilio.bodies())


async def test_lines_that_do_not_decode_are_skipped(
    settings: AlertSettings, channel: WhatsAppChannel, world: World
) -> None:
    async with session_of(settings, channel, world) as running:
        for line in (b"garbage\n", b'{"t":"submission"}\n', b"x" * 200_000 + b"\n"):
            assert running.core.writer.write(line)
        running.core.alert(1)
        await running.core.state(1, S.DELIVERED)
    assert [line["what"] for line in _log(world)].count("bad line") == 3


async def test_while_an_earlier_watcher_still_sends_nothing_is_sent_twice(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    earlier = SoleLock(world.state)
    assert earlier.acquire()
    async with session_of(settings, channel, world) as running:
        running.core.alert(1)
        await running.core.state(1, S.QUEUED)
        running.core.alert(2)
        await running.core.state(2, S.FOLDED)
        assert twilio.sends == 0
        earlier.release()
        await running.core.state(1, S.DELIVERED)


async def test_an_earlier_watcher_that_never_ends_is_not_waited_for_forever(
    settings: AlertSettings, channel: WhatsAppChannel, world: World
) -> None:
    earlier = SoleLock(world.state)
    assert earlier.acquire()
    async with session_of(settings, channel, world) as running:
        running.core.alert(1)
        await running.core.state(1, S.QUEUED)
        world.offset_ns += 16 * SECOND_NS
        await running.core.state(1, S.DELIVERED)
    earlier.release()


async def test_rows_of_an_earlier_run_are_finished_not_repeated(
    settings: AlertSettings, channel: WhatsAppChannel, world: World, twilio: Twilio
) -> None:
    async with session_of(settings, channel, world) as running:
        running.core.alert(1)
        await running.core.state(1, S.DELIVERED)
    old = twilio.messages[0]
    async with session_of(settings, channel, world) as running:
        for number, prior in ((1, Prior(S.SENDING)), (2, Prior(S.SENT, old.sid)), (3, Prior(S.QUEUED))):
            alert = Alert(number=number, severity=Severity.CRITICAL, cause="kill", text="t", market_ns=0)
            wall_ns = int(old.created * SECOND_NS)
            running.core.say(Submission(alert=alert, wall_ns=wall_ns, prior=prior))
        await _reached(running.core, {1, 2, 3}, S.DELIVERED)
    assert [body.split()[3] for body in twilio.bodies()] == ["#paper-1", "#paper-3"]


async def test_asked_to_end_it_goes_on_for_the_core_but_not_forever(
    settings: AlertSettings, channel: WhatsAppChannel, world: World
) -> None:
    async with session_of(settings, channel, world) as running:
        running.session.terminate()
        running.core.alert(1)
        await running.core.state(1, S.DELIVERED)
        running.session.terminate()
        world.offset_ns += 16 * SECOND_NS
        await running.ended()


async def test_a_fault_of_its_own_ends_the_session_so_that_a_new_one_can_start(
    settings: AlertSettings, channel: WhatsAppChannel, world: World
) -> None:
    def broken() -> float:
        raise ZeroDivisionError

    world.jitter = broken
    async with session_of(settings, channel, world) as running:
        running.core.alert(1)
        with pytest.raises(BaseExceptionGroup) as caught:
            await running.ended()
        assert caught.group_contains(ZeroDivisionError)


async def test_a_broken_disk_does_not_stop_an_alert(
    settings: AlertSettings, channel: WhatsAppChannel, tmp_path: Path
) -> None:
    async with session_of(settings, channel, World(tmp_path / "missing")) as running:
        running.core.alert(1)
        await running.core.state(1, S.DELIVERED)


@pytest.fixture
def ping() -> Iterator[_PingServer]:
    server = _PingServer()
    yield server
    server.stop()


async def test_the_outside_is_pinged_while_the_core_lives_and_not_after_its_death(
    settings: AlertSettings, world: World, ping: _PingServer
) -> None:
    pinging = replace(settings, ping_url=ping.url, ping_every_s=0.01)
    async with session_of(pinging, "alerts off", world) as running:
        assert await asyncio.to_thread(ping.wait_for, 3)
        ping.fail = True
        assert (await running.core.status("ping")).text == "dead-man ping fails: HTTP 500"
        ping.fail = False
        assert (await running.core.status("ping")).text == "dead-man ping works again"
        running.core.writer.close()
        await running.ended()
    pings = ping.count
    assert not any(ping.url in str(line) for line in _log(world))
    assert ping.count == pings


async def _reached(core: Conversation, numbers: set[int | None], state: DeliveryState) -> None:
    missing = set(numbers)
    while missing:
        found = await core.hear(lambda m: isinstance(m, Report) and m.state is state)
        assert isinstance(found, Report)
        missing.discard(found.number)


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


class _PingServer:
    """Counts GET requests."""

    def __init__(self) -> None:
        self.count = 0
        self.fail = False
        self._changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with outer._changed:
                    outer.count += 1
                    outer._changed.notify_all()
                self.send_response(500 if outer.fail else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/ping/secret-uuid?x=1"

    def wait_for(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, 10)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
