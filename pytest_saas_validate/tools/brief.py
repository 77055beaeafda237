"""Programs in Go that work for a moment."""

from __future__ import annotations

import os


def brief() -> dict[str, str]:
    """The environment of one that ends before its garbage is worth collecting, a third of its time.

    It still collects when it has 64 MiB of it. What the user set stays.
    """
    return {"GOGC": "off", "GOMEMLIMIT": "64MiB", **os.environ}
