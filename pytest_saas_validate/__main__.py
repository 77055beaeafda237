"""`python -m pytest_saas_validate` is the command."""

import sys

from pytest_saas_validate.cli import main

if __name__ == "__main__":
    sys.exit(main())
