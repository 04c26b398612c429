"""The venue's state on disk: one JSON file, replaced atomically, private to the user.

Invariant: whatever happens during a save, the file holds either the old state or the new one, whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from tradetui.domain.errors import OperatorError


def save(path: Path, state: Mapping[str, object]) -> None:
    """Write `state` (of Venue.to_state) to `path`, mode 0600, durable before it returns.

    Raises OperatorError if the folder cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(state, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise OperatorError(f"cannot save the venue state to {path}: {error.strerror}; check the folder") from None


def load(path: Path) -> dict[str, object] | None:
    """The state in `path`, None if there is no such file.

    Raises OperatorError if the file cannot be read or is not a saved state.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorError(f"cannot read the venue state {path}: {error.strerror}; check its permissions") from None
    except ValueError:
        raise OperatorError(f"venue state {path} is not JSON; delete it to start a new account") from None
    if not isinstance(data, dict):
        raise OperatorError(f"venue state {path} is not a saved venue; delete it to start a new account")
    return data
