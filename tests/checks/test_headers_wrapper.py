"""A planted wrapper leaves the application what it is, but for its defect."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.mutants import Edit, NotPlantable, mutants
from pytest_saas_validate.mutants.asgi import wrap
from pytest_saas_validate.project import File, Project
from pytest_saas_validate.spec import Backend, Routes, Spec

APP = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Frame-Options", b"DENY")]})
    await send({"type": "http.response.body", "body": b"fine"})

def build():
    return app
"""


def project(app: str = "service.web:build", factory: bool = True) -> Project:
    spec = Spec(backend=Backend(path="backend", app=app, factory=factory, live="/up", ready="/ready"))
    files = {"backend/service/web.py": File(APP.encode()), "backend/service/__init__.py": File(b"")}
    return Project(root=Path("nowhere"), combo=Combo("one", (), frozenset()), files=files, given=spec)


@pytest.mark.parametrize(("app", "factory"), [("service.web:build", True), ("service.web:app", False)])
def test_a_wrapper_changes_heads_and_nothing_else(
    app: str, factory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = Edit(project(app, factory))
    wrap(edit, change="head.put('x-frame-options', 'SAMEORIGIN')")
    planted = edit.done(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / planted.spec.backend.path))
    for name in ("planted_defect", "service", "service.web"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module, _, attribute = planted.spec.backend.app.partition(":")
    wrapped = getattr(__import__(module), attribute)()
    for name in ("planted_defect", "service", "service.web"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/", "method": "GET", "scheme": "http", "headers": []}
    asyncio.run(wrapped(scope, None, send))
    assert sent[0]["headers"] == [(b"x-frame-options", b"SAMEORIGIN")]
    assert sent[1]["body"] == b"fine"


def test_an_application_elsewhere_is_not_plantable() -> None:
    with pytest.raises(NotPlantable, match="not below"):
        wrap(Edit(project("elsewhere:app")))


def test_every_wrapper_is_python() -> None:
    planted = 0
    for mutant in mutants():
        if mutant.in_project is None or mutant.on or mutant.id[:2] not in ("SH", "ID"):
            continue
        edit = Edit(project())
        edit.respec(routes=Routes(collection="/things", create={"title": "a"}))
        mutant.in_project(edit)
        compile(edit.text("backend/planted_defect.py"), mutant.id, "exec")
        planted += 1
    assert planted >= 40
