"""The UI's connection to the core: attaches, keeps the store current, attaches again by itself. No Textual here.

The invariant: `status` never says LIVE unless the core was heard within SILENT_S; what the store holds is then at most
that old. The link never starts, stops or blocks the core.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tradetui.control.client import CoreNotRunning, CoreUnavailable
from tradetui.control.codec import CodecError, Message
from tradetui.control.messages import PROTOCOL, Section
from tradetui.control.store import Applied, Store
from tradetui.control.stream import ControlStream
from tradetui.home import Paths
from tradetui.tui.settings import REFRESH_HZ

#: A core sends its clock at least once a second; this long without a word means that it hangs or is stopped.
SILENT_S = 3.0
RETRY_S = 0.5


class Phase(StrEnum):
    """Where the connection stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    SILENT = "not answering"
    DOWN = "not running"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """The connection now. `for_s`: real seconds since the phase began; when SILENT, since the last word."""

    phase: Phase
    for_s: float
    detail: str = ""
    compatible: bool = True
    core_version: str = ""
    core_pid: int | None = None

    @property
    def live(self) -> bool:
        """Whether the store shows the present."""
        return self.phase is Phase.LIVE


class CoreLink:
    """Keeps one connection to the core of a profile."""

    def __init__(
        self,
        paths: Paths,
        *,
        clock: Callable[[], float],
        on_result: Callable[[str, str, str], None],
        on_note: Callable[[str], None],
        on_phase: Callable[[Phase], None],
        hz: float = REFRESH_HZ,
    ) -> None:
        self.store = Store()
        self._paths = paths
        self._clock = clock
        self._on_result = on_result
        self._on_note = on_note
        self._on_phase = on_phase
        self._hz = hz
        self._stream: ControlStream | None = None
        self._hello: Message = {}
        self._phase = Phase.CONNECTING
        self._since = clock()
        self._heard = clock()
        self._detail = ""
        self._snapshot_asked = False

    @property
    def state(self) -> Mapping[str, Section]:
        """The core's state as last heard."""
        return self.store.state

    def status(self) -> LinkStatus:
        """Return how the connection stands now."""
        now = self._clock()
        phase, since = self._phase, self._since
        if phase is Phase.LIVE and now - self._heard > SILENT_S:
            phase, since = Phase.SILENT, self._heard
        pid = self._hello.get("pid")
        return LinkStatus(
            phase=phase,
            for_s=now - since,
            detail=self._detail,
            compatible=not self._hello or self._hello.get("protocol") == PROTOCOL,
            core_version=str(self._hello.get("version", "")),
            core_pid=pid if isinstance(pid, int) else None,
        )

    def send(self, message: Mapping[str, object]) -> None:
        """Hand a message to the core without waiting.

        Raises:
            CoreUnavailable: there is no connection; nothing was sent.
        """
        if self._stream is None:
            raise CoreNotRunning("there is no connection to the core; nothing was sent")
        self._stream.send(message)

    async def run(self) -> None:
        """Attach, listen, and attach again after a loss, until cancelled."""
        while True:
            try:
                await self._attend()
            except CoreNotRunning as error:
                # Nobody listening is no news once it is gone: why it went stays on the screen.
                if self._phase is not Phase.DOWN:
                    self._lose(str(error))
            except (CoreUnavailable, CodecError) as error:
                self._lose(str(error))
            await asyncio.sleep(RETRY_S)

    async def _attend(self) -> None:
        path = self._paths.socket_for_clients()
        if path is None:
            raise CoreNotRunning("no core ever ran here")
        stream = await ControlStream.open(path, client="ui")
        try:
            self._greet(stream)
            while (message := await stream.receive()) is not None:
                self._heard = self._clock()
                self._take(message)
        finally:
            self._stream = None
            await stream.close()
        self._lose(self._detail or "the core closed the connection")

    def _greet(self, stream: ControlStream) -> None:
        self._stream = stream
        self._hello = stream.hello
        self.store.forget_numbering()
        self._snapshot_asked = False
        self._detail = ""
        self._heard = self._clock()
        stream.send({"t": "subscribe", "hz": self._hz})

    def _take(self, message: Message) -> None:
        match message["t"]:
            case "snapshot" | "delta":
                self._take_state(message)
            case "result":
                self._on_result(*(str(message.get(name, "")) for name in ("id", "status", "text")))
            case "error":
                self._on_note(f"core: {message.get('text') or message.get('error')}")
            case "bye":
                self._detail = str(message.get("text") or message.get("reason") or "the core is ending")
            case _:
                # A newer core may say more than we know.
                return

    def _take_state(self, message: Message) -> None:
        try:
            outcome = self.store.apply(message)
        except CodecError:
            if self._hello.get("protocol") == PROTOCOL:
                raise
            return
        if outcome is Applied.GAP and not self._snapshot_asked:
            self._snapshot_asked = True
            self.send({"t": "snapshot"})
        elif outcome is Applied.COMPLETE:
            self._snapshot_asked = False
            if self._phase is not Phase.LIVE:
                self._enter(Phase.LIVE)

    def _lose(self, detail: str) -> None:
        self._detail = detail
        if self._phase is not Phase.DOWN:
            self._enter(Phase.DOWN)

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._since = self._clock()
        self._on_phase(phase)
