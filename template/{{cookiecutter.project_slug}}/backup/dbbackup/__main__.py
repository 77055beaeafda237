"""Entry of `python -m dbbackup`."""

import sys

from dbbackup.failure import ExitCode

try:
    from dbbackup.cli import main
except ImportError as error:
    print(
        f"{error}; run with Python 3.11 or newer and the packages of backend/requirements/backup.txt"
        f" (PYTHON names the interpreter, now {sys.executable})",
        file=sys.stderr,
    )
    sys.exit(ExitCode.CLIENT)

sys.exit(main())
