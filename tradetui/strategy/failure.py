"""What to tell the operator when strategy code fails: the author's own file and line, never a traceback."""

from __future__ import annotations

import traceback
from pathlib import Path


def describe_failure(error: BaseException, file: Path | None) -> str:
    """Return `Type: text (name.py:12)` with the innermost line of `file` that the error went through.

    Without a matching line (or with `file` None) the innermost line of all is named, of a syntax error its own.
    """
    text = " ".join(str(error).split())
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({Path(error.filename).name}:{error.lineno})"
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if file is not None and frame.filename == str(file)] or list(frames)
    if not own:
        return reason
    return f"{reason} ({Path(own[-1].filename).name}:{own[-1].lineno})"
