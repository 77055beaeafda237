"""Fixtures for the battery and for tests of one's own. Each can be overridden; each says what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_saas_validate.combos import Combo
    from pytest_saas_validate.engines import Stack
    from pytest_saas_validate.findings import Verdict
    from pytest_saas_validate.mutants import Mutant
    from pytest_saas_validate.plan import Case
    from pytest_saas_validate.probes.sentry_sink import Sink
    from pytest_saas_validate.project import Project
    from pytest_saas_validate.recorder import Recorder
    from pytest_saas_validate.report.kills import Kill
    from pytest_saas_validate.session import Session
    from pytest_saas_validate.settings import Settings


@pytest.fixture(scope="session")
def saas_session(request: pytest.FixtureRequest) -> Session:
    """The run: settings, plan, workspace. Free until something is gathered."""
    from pytest_saas_validate.session import session

    return session(request.config)


@pytest.fixture(scope="session")
def saas_settings(saas_session: Session) -> Settings:
    """What the run was told; free."""
    return saas_session.plan.settings


@pytest.fixture(scope="session")
def saas_combo(request: pytest.FixtureRequest) -> Combo:
    """Each combination of the template in turn; in a generated project its own; free."""
    combo: Combo = request.param
    return combo


@pytest.fixture(scope="session")
def saas_engine(saas_settings: Settings) -> str:
    """The name of the engine that stacks run on: the first that the run was told; free."""
    return saas_settings.engines[0]


@pytest.fixture(scope="session")
def saas_bake(saas_session: Session) -> Callable[[Mapping[str, str]], Project]:
    """Bake any answers, each once in a run: about 0.1 s. Raises BakeError; needs a template."""
    from pytest_saas_validate.combos import combine

    plan = saas_session.plan
    if not plan.settings.is_template:
        raise pytest.UsageError(f"{plan.settings.source} is no template: saas_bake has nothing to bake")

    def bake(answers: Mapping[str, str]) -> Project:
        combo = combine(plan.settings.options, answers, plan.settings.features)
        rest = {name: value for name, value in answers.items() if name not in combo.mapping}
        return plan.bakery.again(combo, **rest) if rest else plan.bakery.project(combo)

    return bake


@pytest.fixture(scope="session")
def saas_project(saas_session: Session, saas_combo: Combo) -> Project:
    """The render of the combination; in a generated project the project itself. About 0.1 s."""
    return saas_session.plan.project(saas_combo)


@pytest.fixture(scope="session")
def saas_boot(saas_session: Session) -> Iterator[Callable[[Project, str], Stack]]:
    """Boot a project on a named engine: seconds. Skips with the reason where the engine cannot be had."""
    from pytest_saas_validate.session import programs

    booted: list[Stack] = []

    def boot(project: Project, engine: str) -> Stack:
        runner = saas_session.plan.load(engine)
        reason = runner.unavailable(project)
        if reason:
            pytest.skip(f"engine {engine} unavailable: {reason}")
        stack = runner.boot(project, programs(), saas_session.workspace)
        booted.append(stack)
        return stack

    yield boot
    for stack in reversed(booted):
        stack.close()


@pytest.fixture(scope="session")
def saas_stack(saas_boot: Callable[[Project, str], Stack], saas_project: Project, saas_engine: str) -> Stack:
    """The project, running: seconds, once in a session. Its logs are attached to a test that fails."""
    return saas_boot(saas_project, saas_engine)


@pytest.fixture
def saas_client(saas_stack: Stack) -> Iterator[Recorder]:
    """An httpx client of the backend that keeps its exchanges as evidence; free beside the stack."""
    from pytest_saas_validate.recorder import Recorder

    with Recorder(saas_stack) as client:
        yield client


@pytest.fixture
def saas_token(saas_project: Project, saas_stack: Stack) -> Callable[[str], str]:
    """A bearer token for a tenant (a UUID), signed by the issuer that the stack trusts; milliseconds."""
    from pytest_saas_validate.probes.tokens import good_token

    return lambda tenant: good_token(saas_project, saas_stack, tenant)


@pytest.fixture
def saas_sentry(saas_stack: Stack) -> Sink:
    """What the running project reported to the sink that stands in for Sentry; empty at the start."""
    from pytest_saas_validate.probes.sentry_sink import Sink

    sink = Sink.of(saas_stack)
    sink.clear()
    return sink


@pytest.fixture
def saas_evidence(saas_session: Session, saas_combo: Combo, saas_engine: str) -> Callable[[type], Any]:
    """Any kind of evidence about the combination, gathered once in a run; costs what its probe costs.

    Skips where it cannot be had, and fails where gathering it broke.
    """
    from pytest_saas_validate.evidence import Missing

    def gather(kind: type) -> Any:
        gathered = saas_session.plan.evidence(kind, saas_combo, saas_engine)
        if isinstance(gathered, Missing):
            (pytest.fail if gathered.broke else pytest.skip)(f"{kind.__name__}: {gathered.reason}")
        return gathered.value

    return gather


@pytest.fixture
def saas_judge(request: pytest.FixtureRequest, saas_session: Session) -> Callable[[Case], Verdict]:
    """Decide a case and record the verdict for every report; the first case of a stack pays for its boot."""
    from pytest_saas_validate.report.record import record

    def judge(case: Case) -> Verdict:
        decided = saas_session.plan.verdict(case)
        record(request.node.user_properties, decided)
        return decided

    return judge


@pytest.fixture
def saas_prove(request: pytest.FixtureRequest, saas_session: Session) -> Callable[[Mutant], Kill]:
    """Plant a defect and judge again; seconds, and a boot when the defect is in what a stack is made of."""
    from pytest_saas_validate.prove import prove
    from pytest_saas_validate.report.kills import record

    def kill(mutant: Mutant) -> Kill:
        result = prove(saas_session.plan, mutant, thorough=request.config.getoption("saas_thorough"))
        record(request.node.user_properties, result)
        return result

    return kill
