"""What every verb needs from its parsed arguments: the paths of the chosen home and profile."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tradetui.home import Paths, resolve_paths


def paths_of(args: argparse.Namespace) -> Paths:
    """Return the paths that `--home` and `--profile`, the environment and the working directory point to.

    Raises:
        HomeError: there is no home, or the profile is unknown.
    """
    return resolve_paths(args.home, args.profile, os.environ, Path.cwd())
