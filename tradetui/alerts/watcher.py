"""The watcher process: the only one that holds Twilio's credentials, and the one that speaks when the core cannot.

    python -m tradetui.alerts.watcher --state-dir DIR --heartbeat FILE [--env-file FILE]

Settings and alerts come in on standard input, reports go out on standard output. Invariant: it outlives the core, its
terminal and its signals until its job is done, and no credential leaves it except to the carrier.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import resource
import signal
import sys
import time
from collections.abc import MutableMapping, Sequence
from pathlib import Path

from tradetui.alerts.calls import BlockingCalls, CallTimeout, TooManyCalls
from tradetui.alerts.channels.base import Channel
from tradetui.alerts.pipes import LineReader, LineWriter
from tradetui.alerts.session import Session, Surroundings
from tradetui.alerts.settings import AlertSettings, whatsapp_address
from tradetui.alerts.wire import MAX_LINE, Status, WireError, decode_to_watcher
from tradetui.config.secret import SECRET_NAMES, SecretError, TwilioSecrets, load_twilio_secrets

BACKLOG = 1 << 20
_IMPORT_LIMIT_S = 60.0
_PR_SET_DUMPABLE = 4
_SANDBOX = "whatsapp:+14155238886"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the watcher; return the process's exit code."""
    os.umask(0o077)
    options = _options(argv)
    _harden()
    try:
        secrets, problem = load_secrets(options.env_file, os.environ), ""
    except SecretError as error:
        secrets, problem = None, str(error)
    return asyncio.run(_serve(options, secrets, problem))


def load_secrets(env_file: Path, environ: MutableMapping[str, str]) -> TwilioSecrets | None:
    """Return the credentials, None when there are none, and take them out of `environ`.

    Raises:
        SecretError: they are incomplete or open to other users.
    """
    try:
        return load_twilio_secrets(env_file, environ)
    finally:
        for name in SECRET_NAMES:
            environ.pop(name, None)


async def make_channel(
    settings: AlertSettings, secrets: TwilioSecrets | None, problem: str, calls: BlockingCalls
) -> Channel | str:
    """Return the channel, or one line that says why alerts are off."""
    off = settings.off_reason(has_credentials=secrets is not None)
    if problem and settings.enabled:
        return f"alerts off: {problem}"
    if off is not None or secrets is None:
        return off or "alerts off"
    try:
        return await calls.run(lambda: _whatsapp(settings, secrets), limit_s=_IMPORT_LIMIT_S)
    except (ImportError, CallTimeout, TooManyCalls) as error:
        return f"alerts off: the twilio package cannot be loaded ({type(error).__name__})"


def _whatsapp(settings: AlertSettings, secrets: TwilioSecrets) -> Channel:
    # Slow and large: only here, only when it is needed, and not on the event loop.
    from tradetui.alerts.channels.whatsapp import WhatsAppChannel

    return WhatsAppChannel(secrets, settings)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tradetui-watcher", description="Started by the core; not for the operator.")
    parser.add_argument("--state-dir", type=Path, required=True, help="private directory of the profile")
    parser.add_argument("--heartbeat", type=Path, required=True, help="file that the core keeps touching")
    parser.add_argument("--env-file", type=Path, default=Path(".env"), help="the operator's .env")
    parser.add_argument("--look-every", type=float, default=0.5, help="seconds between looks at the heartbeat")
    return parser.parse_args(argv)


async def _serve(options: argparse.Namespace, secrets: TwilioSecrets | None, problem: str) -> int:
    try:
        reader = await LineReader.connect(sys.stdin.buffer, limit=MAX_LINE)
        writer = await LineWriter.connect(sys.stdout.buffer, limit=BACKLOG)
    except ValueError:
        sys.stderr.write("tradetui.alerts.watcher: standard input and output must be pipes\n")
        return 2
    settings = await _first_line(reader)
    if settings is None:
        return 2
    channel = await make_channel(settings, secrets, problem, BlockingCalls())
    session = Session(
        settings,
        channel,
        reader=reader,
        writer=writer,
        around=Surroundings(
            mono_ns=time.monotonic_ns,
            wall_ns=time.time_ns,
            jitter=random.SystemRandom().random,
            ppid=os.getppid,
            heartbeat=options.heartbeat,
            state=options.state_dir,
            look_every_s=options.look_every,
        ),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, session.terminate)
    _announce(session, settings, channel)
    await session.run()
    writer.close()
    reader.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            await writer.closed()
    return 0


async def _first_line(reader: LineReader) -> AlertSettings | None:
    line = await reader.line()
    try:
        first = decode_to_watcher(line) if line else None
    except WireError as error:
        sys.stderr.write(f"tradetui.alerts.watcher: {error}\n")
        return None
    return first if isinstance(first, AlertSettings) else None


def _announce(session: Session, settings: AlertSettings, channel: Channel | str) -> None:
    if isinstance(channel, str):
        session.tell(Status("off", "WARNING" if settings.enabled else "INFO", channel))
        return
    session.tell(Status("on", "INFO", f"alerts on: WhatsApp to {len(settings.recipients)} recipient(s)"))
    if whatsapp_address(settings.sender or "") == _SANDBOX:
        text = "alerts use Twilio's sandbox sender: it stops three days after joining; never rely on it for live money"
        session.tell(Status("on", "WARNING", text))


def _harden() -> None:
    """Keep the credentials out of core dumps and other processes; ignore what a terminal sends.

    SIGTERM gets its handler once there is a session to end.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
