"""The environment in which a program is asked: what its user set for other work does not count."""

from __future__ import annotations

import os
from collections.abc import Mapping


def unsteered(tool: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """An environment without the variables that begin with the tool's name.

    The home stays: programs that choose a tool's version are set there. What a tool would read in it is
    turned off by its own words.
    """
    own = f"{tool.upper().replace('-', '_')}_"
    return {name: value for name, value in environment.items() if not name.startswith(own)}
