"""Which worker judges what: cases of one stack stay together, everything else is spread as before."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.plan import Case, Plan
from pytest_saas_validate.process import Killed, NoRoom
from pytest_saas_validate.spec import SpecError


class ByStack(LoadScopeScheduling):  # type: ignore[misc]
    """Scope of a case is the digest of its stack, from the plan; of any other test its own node id.

    xdist's own grouping mark has no effect on pytest 9.2 (pytest-xdist issue 1386), so it is not used.
    """

    def __init__(self, config: pytest.Config, log: Any, plan: Plan) -> None:
        super().__init__(config, log)
        self._plan = plan
        self._scopes = {case.id: case for case in plan.cases}
        self._known: dict[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        case = self._scopes.get(nodeid.rsplit("[", 1)[-1].removesuffix("]"))
        if case is None:
            return nodeid
        if case.id not in self._known:
            self._known[case.id] = self._scope(case)
        return self._known[case.id]

    def _scope(self, case: Case) -> str:
        """Static cases cost a look-up each: they go together, apart from any stack."""
        if case.check.subject is not Subject.STACK or case.combo is None or case.engine is None:
            return "static"
        try:
            project = self._plan.project(case.combo)
            digest = self._plan.load(case.engine).digest(project)
        except (BakeError, SpecError, NoRoom, Killed):
            return f"{case.engine}-{case.combo.id}"
        return f"{case.engine}-{digest}"
