"""What the plugin costs a run that does not ask for it: the median of eleven fresh interpreters, in ms."""

from __future__ import annotations

import statistics
import subprocess
import sys

CODE = """
import time
import pytest
begun = time.perf_counter()
import pytest_saas_validate.plugin, pytest_saas_validate.hooks, pytest_saas_validate.hookspecs
print((time.perf_counter() - begun) * 1000)
"""


def main() -> None:
    """Print the figure."""
    taken = [float(subprocess.check_output([sys.executable, "-c", CODE], text=True)) for _ in range(11)]
    print(f"plugin load: {statistics.median(taken):.1f} ms (best {min(taken):.1f})")


if __name__ == "__main__":
    main()
