"""`python -m tradetui`: the same program as the `tradetui` command."""

import sys

from tradetui.cli.main import main

sys.exit(main())
