"""The Python that runs a project: built from its locks once per content, or the one that runs pytest."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.process import Cache, Workspace, run
from pytest_saas_validate.project import Project
from pytest_saas_validate.tools.wheels import uv_program

_BUILD_SECONDS = 900.0
_NO_UV = "uv is not installed; pip install 'pytest-saas-validate[local]'"


@dataclass(frozen=True)
class Environment:
    """An interpreter with the project's packages; `digest` names what is in it."""

    python: Path
    digest: str


def current() -> Environment:
    """The interpreter that runs this; what is installed there is its owner's business."""
    return Environment(Path(sys.executable), f"current:{sys.executable}")


def locked(project: Project, workspace: Workspace) -> Environment:
    """An environment of exactly the project's locks, hashes checked; raises BootError.

    A cold build takes as long as the packages take to arrive; a known one costs nothing.
    """
    digest = locks_digest(project)

    def build(folder: Path) -> None:
        _build(folder, lock_paths(project))

    folder = Cache(workspace, "environments").get(digest[:32], build)
    return Environment(folder / "bin" / "python", digest)


def locks_digest(project: Project) -> str:
    """Names the content of the locks and the interpreter they are installed for; raises BootError."""
    total = hashlib.sha256(f"{sys.version}\0{sys.base_prefix}\0".encode())
    for path in lock_paths(project):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def lock_paths(project: Project) -> list[Path]:
    """The project's lock files; raises BootError for one that is not there."""
    backend = project.spec.backend
    if backend is None or not backend.locks:
        raise BootError(
            f"{project.root / 'pyproject.toml'}: backend.locks names no lock file, so there is nothing to "
            "install; name hashed requirement files, or choose environment = 'current'"
        )
    paths = [project.root / backend.path / lock for lock in backend.locks]
    for path in paths:
        if not path.is_file():
            raise BootError(f"{path}: no such lock file; backend.locks in pyproject.toml names it")
    return paths


def why_not() -> str:
    """Why no environment can be built here; empty when one can."""
    return "" if uv_program() else _NO_UV


def _build(folder: Path, locks: list[Path]) -> None:
    uv = uv_program()
    if not uv:
        raise BootError(_NO_UV)
    # A virtual environment does not move: it is made where it stays. Bytecode is made once, for all boots.
    make = [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)]
    install = [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python")]
    install += ["--require-hashes", "--compile-bytecode"]
    install += [word for lock in locks for word in ("-r", str(lock))]
    for argv in (make, install):
        ended = run(argv, timeout=_BUILD_SECONDS)
        if not ended.ok:
            raise BootError(f"the environment cannot be built from its locks: {ended.explain()}")
