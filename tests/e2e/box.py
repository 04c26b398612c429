"""A trading box for tests: real processes, real sockets, real files, in a home of its own.

The paper gateway outlives the core, as IB would; the core can be killed at any moment and started again.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tradetui.control.client import ControlClient, CoreUnavailable, command_message, connect_core
from tradetui.control.messages import Row, State
from tradetui.home import Paths

Statement = dict[str, Any]

CONFIG = """\
[broker]
client_id = 7

[market]
symbols = {symbols}

[strategies.flip]
symbols = {symbols}
qty = 10

[risk]
max_order_qty = 100
max_order_notional = 100_000
max_position_qty = 100
max_position_notional = 100_000
max_gross_notional = 400_000
max_leverage = 1.0
daily_loss_limit = 50_000
max_drawdown_pct = 50.0
orders_per_second = 100
orders_per_minute = 3_000
orders_per_day = 100_000
duplicate_window_s = 0.001

[profile.demo.clock]
speed = {speed}
"""

FLIP = '''\
"""Buys when flat and sells when long, at every bar: the most orders a bar can give."""

from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register


@register("flip")
class Flip(Strategy):
    qty: float = 10

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        if ctx.working:
            return
        if ctx.position > 0:
            ctx.close(reason="flip")
        else:
            ctx.buy(self.qty, reason="flip")
'''


def wait_for(what: str, check: Callable[[], Any], limit_s: float = 30.0) -> Any:
    """Return the first true value of `check`, looked at often; fail naming `what` when it never comes."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {limit_s:g} s")


class Box:
    """One home with a gateway and a core."""

    def __init__(
        self,
        home: Path,
        *,
        symbols: tuple[str, ...] = ("SPY", "QQQ", "DIA", "IWM"),
        speed: float = 60.0,
        market: str = "synthetic",
        start: str = "2026-03-02T09:30:00-05:00",
        strategies: Mapping[str, str] | None = None,
        config: str = "",
        profile: str = "demo",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.environ = dict(environ or {})
        self.speed = speed
        self.market = market
        self.start = start
        listed = json.dumps(list(symbols))
        (home / "config.toml").write_text(config or CONFIG.format(symbols=listed, speed=speed))
        folder = home / "strategies"
        folder.mkdir(mode=0o700)
        for name, source in (strategies or {"flip": FLIP}).items():
            (folder / f"{name}.py").write_text(source)
            (folder / f"{name}.py").chmod(0o600)
        self.paths = Paths(home, profile)
        self.gateway: subprocess.Popen[bytes] | None = None
        self.core: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.control_port = 0
        self.program = "tradetui"  # the module that core and gateway run as

    # --- processes -----------------------------------------------------------------------------------------------
    def start_gateway(self, *options: str) -> None:
        """Start the gateway on free ports and wait until it listens."""
        self.control_port = _free_port()
        arguments = ["--port", "0", "--control-port", str(self.control_port), "--speed", str(self.speed)]
        arguments += ["--market", self.market, "--start", self.start, *options]
        with (self.home / "gateway.err").open("ab") as errors:
            self.gateway = self._spawn(["gateway", *arguments], stdout=subprocess.PIPE, stderr=errors)
        assert self.gateway.stdout is not None
        line = self.gateway.stdout.readline().decode()
        assert line, (self.home / "gateway.err").read_text()
        found = re.search(r"listening on [^:]+:(\d+)", line)
        assert found is not None, line
        self.port = int(found[1])

    def start_core(self) -> None:
        """Start the core; it need not be ready yet."""
        with (self.home / "core.out").open("ab") as out:
            self.core = self._spawn(["--profile", self.paths.profile, "run"], stdout=out, stderr=out)

    def _spawn(self, arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", self.program, "--home", str(self.home), *arguments]
        return subprocess.Popen(command, env=self.child_environ(), stdin=subprocess.DEVNULL, cwd=self.home, **options)

    def child_environ(self) -> dict[str, str]:
        """Return the environment of every process of this box."""
        port = {} if not self.port else {"TRADETUI_DEMO__PORT": str(self.port)}
        return {**os.environ, **port, "HOME": str(self.home), **self.environ}

    def cli(self, *words: str, limit_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run one command from another shell and return how it ended and what it said."""
        command = [sys.executable, "-m", "tradetui", "--home", str(self.home), "--profile", self.paths.profile, *words]
        return subprocess.run(
            command,
            env=self.child_environ(),
            stdin=subprocess.DEVNULL,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )

    def status(self, name: str) -> str:
        """Return what `tradetui status` says under `name`, such as "link"."""
        ended = self.cli("status")
        assert (ended.returncode, ended.stderr) == (0, "")
        lines = dict(line.split(maxsplit=1) for line in ended.stdout.splitlines())
        return lines[name]

    def kill_core(self) -> None:
        """`kill -9`."""
        assert self.core is not None
        self.core.send_signal(signal.SIGKILL)
        self.core.wait()

    def close(self) -> None:
        """End the core in good order, then the gateway, whatever they are doing."""
        for process in (self.core, self.gateway):
            if process is None:
                continue
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    # --- the core ------------------------------------------------------------------------------------------------
    def state(self, *sections: str) -> State | None:
        """Return the core's state (all of it, or some sections), None while it does not answer."""
        try:
            with connect_core(self.paths, client="test") as client:
                return client.state(sections)
        except CoreUnavailable:
            return None

    def row(self, section: str, key: str = "") -> Row:
        """Return one row of the state, empty while there is none."""
        state = self.state(section)
        return {} if state is None else state.get(section, {}).get(key or section, {})

    def wait_ready(self, limit_s: float = 30.0) -> None:
        """Wait until the link is READY, the books were compared and trading is in RUN."""

        def ready() -> bool:
            state = self.state("link", "core", "account") or {"link": {}, "core": {}, "account": {}}
            link, core = state["link"].get("link", {}), state["core"].get("core", {})
            reconciled = state["account"].get("account", {}).get("reconciled_ns")
            return link.get("state") == "READY" and core.get("state") == "RUN" and reconciled is not None

        wait_for(f"READY and RUN ({self.log()})", ready, limit_s)

    def wait_orders(self, count: int, limit_s: float = 60.0) -> None:
        """Wait until the core of this life has sent `count` orders."""
        wait_for(f"{count} orders", lambda: (self.row("core").get("orders_sent") or 0) >= count, limit_s)  # type: ignore[operator]

    def command(self, kind: str, **fields: Any) -> list[tuple[str, str]]:
        """Give a command and return every answer to it."""
        with connect_core(self.paths, client="test") as client:
            return list(client.command(command_message(kind, who="test", **fields), timeout_s=60.0))

    def client(self) -> ControlClient:
        """Return a control client of its own."""
        return connect_core(self.paths, client="test")

    def log(self) -> str:
        """Return the end of the core's output, for a failure's message."""
        path = self.home / "core.out"
        return path.read_text()[-500:] if path.exists() else ""

    # --- the gateway ---------------------------------------------------------------------------------------------
    def gateway_command(self, **fields: Any) -> Statement:
        """Send one command to the gateway's control channel."""
        with socket.create_connection(("127.0.0.1", self.control_port), timeout=10) as sock:
            sock.sendall(json.dumps(fields).encode() + b"\n")
            answer = json.loads(sock.makefile().readline())
        assert answer.get("ok", True), answer
        return dict(answer)

    def statement(self) -> Statement:
        """Return the gateway's own account truth."""
        answer = self.gateway_command(cmd="statement")
        return dict(answer.get("result", answer))


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
