"""`tradetui config check|show`: is the configuration sound, and where does each value come from."""

from __future__ import annotations

import argparse
import json
import os
import sys

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `config`."""
    parser = subparsers.add_parser("config", help="check the configuration, or show it with origins")
    parser.add_argument("action", choices=("check", "show"), help="check: say what is wrong; show: print every value")


def run(args: argparse.Namespace) -> int:
    """Check or show the configuration of the chosen home and profile.

    Raises:
        HomeError: there is no home.
        ConfigError: the configuration is refused (`show`, and `check` without `--json`).
    """
    from tradetui.config.load import load_with_origins
    from tradetui.config.model import config_hash
    from tradetui.config.problems import ConfigError
    from tradetui.config.secret import secret_origins
    from tradetui.config.show import as_json, as_text

    paths = paths_of(args)
    try:
        loaded = load_with_origins(paths.home, paths.profile, os.environ)
    except ConfigError as error:
        if args.action == "check" and args.json:
            print(json.dumps({"ok": False, "problems": [str(problem) for problem in error.problems]}, indent=2))
            return 1
        raise
    if args.action == "show":
        secrets = secret_origins(paths.env_file, os.environ)
        print(as_json(loaded, secrets) if args.json else as_text(loaded, secrets))
    elif args.json:
        print(json.dumps({"ok": True, "profile": paths.profile, "hash": config_hash(loaded.config), "problems": []}))
    else:
        sys.stdout.write(f"{paths.config_file}: profile {paths.profile} is sound\n")
    return 0
