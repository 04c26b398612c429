"""Entry point of `tradetui`. Imports the one module of the verb used, so that `status` and `kill` answer at once.

A verb's module offers `add_parser(subparsers)`, which adds the parsers of its verbs, and `run(args) -> int`, which gets
the verb's name in `args.verb`. `--home`, `--profile` and, for verbs marked so, `--json` are added here, not there. The
invariant: a failure is one line on standard error and exit code 1, wrong usage is 2, standard output holds data only.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from tradetui.domain.errors import TradetuiError
from tradetui.home import PROFILES

# Quoted: the class takes no parameter at run time.
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

INTERRUPTED = 130  # 128 + SIGINT, what a shell reports
PIPE_CLOSED = 141  # 128 + SIGPIPE


@dataclass(frozen=True, slots=True)
class Verb:
    """One command: the module in `tradetui.cli` that runs it, its one-line help, and whether it can print JSON."""

    module: str
    help: str
    json: bool = False


VERBS: dict[str, Verb] = {
    "attach": Verb("attach", "attach to the running core, or start it and attach (the default)"),
    "demo": Verb("demo", "trade in a simulated market: paper gateway, core and screen, no account needed"),
    "run": Verb("run", "run the core in the foreground (systemd, containers)"),
    "gateway": Verb("gateway", "run the paper gateway alone"),
    "status": Verb("status", "show connection, trading state and health", json=True),
    "positions": Verb("positions", "list positions with profit and loss", json=True),
    "orders": Verb("orders", "list orders and their states", json=True),
    "fills": Verb("fills", "list executions with commissions", json=True),
    "risk": Verb("risk", "show limits and what is used of them", json=True),
    "why": Verb("why", "say what keeps a symbol from trading", json=True),
    "explain": Verb("explain", "tell the story of one order", json=True),
    "logs": Verb("logs", "print the core's log", json=True),
    "pause": Verb("pause", "stop new entries; exits and stops stay"),
    "resume": Verb("resume", "allow entries again"),
    "cancel": Verb("cancel", "cancel working orders of ours"),
    "restart-review": Verb("review", "list what a restart left adopted, unknown or external", json=True),
    "repair": Verb("repair", "adopt, assign, adjust, close or unlock what the restart review lists"),
    "arm": Verb("arm", "let a live core take new exposure until its session ends"),
    "disarm": Verb("arm", "take the arming of a live core back"),
    "kill": Verb("kill", "cancel every working entry and trade no more"),
    "flatten": Verb("flatten", "close positions and prove it"),
    "stop": Verb("stop", "end the core; positions and protective stops stay"),
    "backtest": Verb("backtest", "run a strategy over recorded bars", json=True),
    "strategies": Verb("strategies", "list the strategies and their parameters", json=True),
    "config": Verb("config", "check the configuration, or show it with origins", json=True),
    "doctor": Verb("doctor", "check this machine, the broker and the configuration", json=True),
    "drill": Verb("drill", "practise kill, flatten, disconnect or restart on a paper gateway"),
    "alerts": Verb("alerts", "test the alert channel and list alerts", json=True),
    "simulate": Verb("simulate", "simulate the trading core against a misbehaving broker", json=True),
    "bench": Verb("bench", "measure speed against the budgets", json=True),
}

_OPTIONS_WITH_VALUE = ("--home", "--profile")


class VerbModule(Protocol):
    """What a module of `tradetui.cli` offers to this one."""

    def add_parser(self, subparsers: Subparsers) -> None:
        """Add the parsers of the module's verbs."""

    def run(self, args: argparse.Namespace) -> int:
        """Do the verb and return the exit code.

        Raises:
            TradetuiError: the one-line reason why it was not done.
        """


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the process's) and return the exit code."""
    # First of all: every file this process or a child makes is the operator's alone.
    os.umask(0o077)
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except TradetuiError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`tradetui orders | head`): keep Python's exit from complaining about the flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        if os.environ.get("TRADETUI_DEBUG") == "1":
            raise
        return _crashed(words, error)
    return code


def _dispatch(words: list[str]) -> int:
    verb = verb_of(words)
    if verb is None and not {"-h", "--help", "--version"} & set(words):
        verb = "attach"
        words = [*words, verb]
    module = _module(VERBS[verb].module) if verb in VERBS else None
    parser = build_parser(module, verb)
    if verb is not None and verb not in VERBS:
        parser.error(_unknown(verb))
    args = parser.parse_args(words)
    return 0 if module is None else module.run(args)


def verb_of(words: Sequence[str]) -> str | None:
    """Return the first word that is neither an option nor an option's value, or None."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _OPTIONS_WITH_VALUE:
            skip = True
        elif not word.startswith("-"):
            return word
    return None


def build_parser(module: VerbModule | None, verb: str | None) -> argparse.ArgumentParser:
    """Return the parser: in full for the verbs of `module`, by name and help alone for all others."""
    parser = argparse.ArgumentParser(
        prog="tradetui",
        description="Automated trading at Interactive Brokers, driven from a terminal.",
        epilog="Without a command: attach. `tradetui COMMAND --help` tells more.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    _add_common(parser, default=None)
    subparsers = parser.add_subparsers(dest="verb", metavar="COMMAND", title="commands")
    own = VERBS[verb].module if verb in VERBS else None
    for name, entry in VERBS.items():
        if entry.module != own:
            subparsers.add_parser(name, help=entry.help)
        elif module is not None and name not in subparsers.choices:
            module.add_parser(subparsers)
    for name, entry in VERBS.items():
        if entry.module == own:
            _complete(subparsers.choices[name], entry)
    return parser


def _complete(parser: argparse.ArgumentParser, entry: Verb) -> None:
    # `tradetui status --profile live` reads as well as `tradetui --profile live status`: both work.
    _add_common(parser, default=argparse.SUPPRESS)
    if entry.json and parser.get_default("json") is None:
        parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    if parser.description is None:
        parser.description = f"{entry.help[0].upper()}{entry.help[1:]}."


def _add_common(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument("--home", metavar="DIR", default=default, help="the folder with config.toml")
    parser.add_argument("--profile", choices=PROFILES, default=default, help="demo, paper or live")


def _module(name: str) -> VerbModule:
    return cast(VerbModule, importlib.import_module(f"tradetui.cli.{name}"))


def _unknown(verb: str) -> str:
    import difflib

    near = difflib.get_close_matches(verb, VERBS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "; see tradetui --help"
    return f"unknown command {verb!r}{hint}"


def _refuse(reason: str) -> int:
    # Text from the broker or a file may hold escape sequences: they must not reach the terminal.
    clean = "".join(char if char.isprintable() or char == "\n" else "?" for char in reason)
    print(f"tradetui: {clean}", file=sys.stderr)
    return 1


def _crashed(words: Sequence[str], error: Exception) -> int:
    from tradetui.cli.crash import write_report

    report = write_report(words, error)
    return _refuse(f"internal error ({type(error).__name__}); details are in {report}, please report it")


class _Version(argparse.Action):
    """Prints the version and exits."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from tradetui import __version__

        print(f"tradetui {__version__}")
        parser.exit()
