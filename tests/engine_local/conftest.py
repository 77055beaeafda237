"""One tiny project, booted once for the tests that only look at it."""

import shutil
from pathlib import Path

import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.engines.local import LocalEngine
from pytest_saas_validate.engines.programs import ISSUER, SENTRY
from pytest_saas_validate.process import Workspace, cache_root
from pytest_saas_validate.project import Project, read_files

TINY = Path(__file__).parent / "tiny"


def project_at(root):
    return Project(root=root, combo=Combo("tiny", (), frozenset()), files=read_files(root))


@pytest.fixture(scope="session")
def workspace():
    """A run in the real cache: a temporary folder of pytest is closed to the user that runs PostgreSQL."""
    workspace = Workspace.create()
    yield workspace
    assert not workspace.close().left


@pytest.fixture(scope="session")
def tiny():
    project = project_at(TINY)
    reason = LocalEngine().unavailable(project)
    if reason:
        pytest.skip(reason)
    return project


@pytest.fixture(scope="session")
def stack(tiny, workspace):
    """A stack that no test changes."""
    stack = LocalEngine().boot(tiny, (ISSUER, SENTRY), workspace)
    yield stack
    stack.close()


@pytest.fixture
def variant(tiny, workspace):
    """A copy of the tiny project with changed files: variant({path: text}) or variant({path: (old, new)})."""
    root = workspace.sub("variants") / f"{len(list(workspace.sub('variants').iterdir()))}"

    def change(changes):
        shutil.copytree(TINY, root)
        for path, change in changes.items():
            file = root / path
            text = change if isinstance(change, str) else file.read_text().replace(*change)
            file.write_text(text)
        return project_at(root)

    return change


@pytest.fixture
def closed_cache(monkeypatch, tmp_path):
    """A cache that only its owner may enter."""
    monkeypatch.setenv("SAAS_VALIDATE_CACHE", str(tmp_path / "cache"))
    return cache_root()
