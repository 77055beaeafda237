"""Our own programs in a project's network, whichever engine of containers starts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_saas_validate.engines import Program

PORT = 8000  # every program of ours listens here, inside


@dataclass(frozen=True, kw_only=True)
class Guest:
    """A container: its image, what it runs, and files in it."""

    name: str  # what probes call it
    image: str
    command: tuple[str, ...]
    port: int = PORT
    files: Mapping[str, str] = field(default_factory=dict)  # path inside -> content
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """What the engine calls it: no name that a project would use."""
        return f"saas-{self.name}"

    @classmethod
    def host(cls, name: str) -> str:
        """Host and port of a program as seen from inside."""
        return f"saas-{name}:{PORT}"

    @classmethod
    def of(cls, program: Program, image: str) -> Guest:
        """A program in an image that has Python."""
        path = f"/saas/{program.path.name}"
        words = ("python", "-I", path, str(PORT), *program.arguments)
        return cls(
            name=program.name,
            image=image,
            command=words,
            files={path: program.path.read_text(encoding="utf-8")},
            environment={"SAAS_VALIDATE_BIND": "0.0.0.0", **program.environment},
        )


def addressed(programs: Sequence[Program], variables: Mapping[str, str]) -> tuple[Program, ...]:
    """The issuer is told the address under which the backend knows it."""
    return tuple(
        replace(program, arguments=(*program.arguments, variables["issuer"]))
        if program.name == "issuer"
        else program
        for program in programs
    )
