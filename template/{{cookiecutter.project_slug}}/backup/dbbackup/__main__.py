"""Entry of `python -m dbbackup`."""

import sys

from dbbackup.cli import main

sys.exit(main())
