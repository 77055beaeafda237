"""What becomes of a stack when its evidence is complete: its logs, and whether it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence import Found, Gathered, Missing
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.project import Project

NEVER, FAILED, ALWAYS = "never", "failed", "always"
KEEP = (NEVER, FAILED, ALWAYS)
_LINES = 5000


@dataclass(frozen=True)
class Aftermath:
    """`keep` is one of KEEP; `artifacts` is a folder for the logs of every stack, made when missing."""

    keep: str = NEVER
    artifacts: Path | None = None
    say: Callable[[str], None] = lambda text: None

    def settle(self, stack: Stack, project: Project, batch: Mapping[str, Gathered[Any]]) -> None:
        """Write the logs, then close the stack, or leave it running and say how to reach and remove it."""
        if self.artifacts is not None:
            self._write(self.artifacts, stack, project, "-".join(sorted(batch)))
        wanted = self.keep == ALWAYS or (self.keep == FAILED and _red(project, batch))
        words = stack.keep() if wanted else ()
        if words:
            self.say(f"{stack.engine}: {project.combo.id} is kept; look at it and remove it by:")
        elif wanted:
            self.say(f"{stack.engine}: {project.combo.id} cannot be kept by this engine")
        for word in words:
            self.say(f"  {word}")
        stack.close()

    @staticmethod
    def _write(folder: Path, stack: Stack, project: Project, names: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{project.combo.id}-{stack.engine}-{names[:60]}.log"
        file.write_text(stack.logs(tail=_LINES), encoding="utf-8")


def _red(project: Project, batch: Mapping[str, Gathered[Any]]) -> bool:
    """Whether something broke, or a check finds something in this evidence alone."""
    if any(isinstance(part, Missing) and part.broke for part in batch.values()):
        return True
    values = {name: part.value for name, part in batch.items() if isinstance(part, Found)}
    return any(
        check(*(values[kind.__name__] for kind in check.kinds))
        for check in catalogue()
        if check.subject is Subject.STACK
        and check.applies(project.features)
        and all(kind.__name__ in values for kind in check.kinds)
    )
