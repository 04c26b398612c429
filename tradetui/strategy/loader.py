"""Strategy files in: from a name or a path to a class, with the hash of exactly the bytes that run.

Invariant: only a file that belongs to this user, and that nobody else may write, is ever executed; it is read once, so
what was hashed is what runs. Every failure is one line that names the file and, for the author's mistakes, the line.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from tradetui.domain.errors import OperatorError, TradetuiError
from tradetui.strategy.api import ParamValue, Strategy, checked_params, registered
from tradetui.strategy.failure import describe_failure

_MODULE_PREFIX = "tradetui_strategy_"
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class LoadedStrategy:
    """A strategy class ready for use. `sha256` is of the file's bytes, both empty for a class made in memory."""

    name: str
    cls: type[Strategy]
    file: Path | None
    sha256: str

    def make(self, symbol: str, params: Mapping[str, ParamValue] | None = None) -> Strategy:
        """Return an instance for `symbol`.

        Raises:
            OperatorError: a parameter is unknown, of the wrong type, or the strategy's own `setup` refuses it.
        """
        checked_params(self.cls, params or {})
        try:
            return self.cls(symbol, params)
        except TradetuiError:
            raise
        except (Exception, SystemExit) as error:
            raise OperatorError(f"strategy {self.name}: setup failed: {describe_failure(error, self.file)}") from None


def load_strategy(name: str, folder: Path, file: str = "") -> LoadedStrategy:
    """Return the strategy registered as `name` in a file of `folder`, or the only one in the file `name` points to.

    With `file`, only that file of `folder` is looked at.

    Raises:
        OperatorError: no such strategy (the nearest names are given), or its file is unsafe or fails to load.
    """
    if file:
        return _named(name, load_file(_existing(file, folder)))
    if name.endswith(".py") or os.sep in name:
        return _only(load_file(_existing(name, folder)))
    first = folder / f"{name}.py"
    for path in [first, *(path for path in strategy_files(folder) if path != first)]:
        if not path.is_file():
            continue
        try:
            found = load_file(path)
        except OperatorError:
            if path == first:
                raise
            continue  # somebody else's broken file must not hide this strategy
        for strategy in found:
            if strategy.name == name:
                return strategy
    raise OperatorError(_unknown(name, folder))


def strategy_files(folder: Path) -> list[Path]:
    """Return the strategy files of `folder`, sorted; names that begin with an underscore or a dot are left out."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith(("_", ".")))


def load_file(file: Path) -> tuple[LoadedStrategy, ...]:
    """Execute `file` and return the strategies it registers, in order of their names.

    Raises:
        OperatorError: the file cannot be read, is unsafe, fails, or registers nothing.
    """
    file = file.resolve()
    source = _read_safely(file)
    module = ModuleType(_MODULE_PREFIX + file.stem)
    module.__file__ = str(file)
    # Type hints and source lookups of the classes go through sys.modules.
    sys.modules[module.__name__] = module
    before = registered()
    try:
        code = compile(source, str(file), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - running the operator's own file is the job
    except OperatorError:
        raise
    except (Exception, SystemExit) as error:
        raise OperatorError(f"strategy file {file}: {describe_failure(error, file)}") from None
    digest = hashlib.sha256(source).hexdigest()
    own = [(name, cls) for name, cls in registered().items() if before.get(name) is not cls]
    if not own:
        raise OperatorError(f'strategy file {file} registers no strategy; put @register("name") on its class')
    abstract = [name for name, cls in own if inspect.isabstract(cls)]
    if abstract:
        raise OperatorError(f"strategy file {file}: strategy {abstract[0]} has no on_bar method; add one")
    return tuple(LoadedStrategy(name, cls, file, digest) for name, cls in own)


def _existing(name: str, folder: Path) -> Path:
    for path in (Path(name).expanduser(), folder / name):
        if path.is_file():
            return path
    raise OperatorError(f"strategy file {name} does not exist; give a path, or a name of {folder}")


def _named(name: str, found: tuple[LoadedStrategy, ...]) -> LoadedStrategy:
    for strategy in found:
        if strategy.name == name:
            return strategy
    names = ", ".join(strategy.name for strategy in found)
    raise OperatorError(f"strategy file {found[0].file} does not register {name!r}; it has {names}")


def _only(found: tuple[LoadedStrategy, ...]) -> LoadedStrategy:
    if len(found) > 1:
        names = ", ".join(strategy.name for strategy in found)
        raise OperatorError(f"strategy file {found[0].file} holds several strategies; name one of {names}")
    return found[0]


def _read_safely(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            # The open file is judged, not its name: it cannot be exchanged between the look and the reading.
            _refuse_unsafe(file, os.fstat(opened.fileno()))
            _refuse_unsafe(file.parent, file.parent.stat())
            return opened.read()
    except OSError as error:
        raise OperatorError(f"strategy file {file} cannot be read: {error.strerror}") from None


def _refuse_unsafe(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.getuid():
        raise OperatorError(
            f"strategy: {path} belongs to user id {found.st_uid}, not to you; copy it to your own files"
        )
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise OperatorError(f"strategy: {path} can be written by other users; run chmod go-w {path}")


def _unknown(name: str, folder: Path) -> str:
    stems = [path.stem for path in strategy_files(folder)]
    known = sorted({*stems, *registered()})
    near = get_close_matches(name, known, n=3)
    if near:
        return f"unknown strategy {name!r}; did you mean {' or '.join(repr(item) for item in near)}?"
    listed = ", ".join(known) if known else "none"
    return f"unknown strategy {name!r}; {folder} has {listed}"
