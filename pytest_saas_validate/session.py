"""The state of one pytest session, kept in its stash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.combos import TemplateError
from pytest_saas_validate.engines import ENGINES, Engine
from pytest_saas_validate.plan import Plan
from pytest_saas_validate.plan.aftermath import Aftermath
from pytest_saas_validate.plan.judgements import Judgements
from pytest_saas_validate.process import Workspace, WorkspaceError, cache_root
from pytest_saas_validate.settings import Settings, Switches, read_settings
from pytest_saas_validate.spec import SpecError

SESSION: pytest.StashKey[Session] = pytest.StashKey()


@dataclass
class Session:
    """One process of a run: the only one, the controller, or a worker."""

    config: pytest.Config
    say: Callable[[str], None] = field(default=lambda text: None)
    kept: list[str] = field(default_factory=list)  # by a worker: its controller says how to reach it

    @cached_property
    def plan(self) -> Plan:
        """The plan; raises pytest.UsageError for a table or a switch that cannot be used."""
        option = self.config.getoption
        switches = Switches(
            path=option("saas_path"),
            combos=option("saas_combos"),
            engines=tuple(option("saas_engine")),
            only=option("saas_only"),
            require=option("saas_require"),
            environment=option("saas_environment"),
            kubeconfig=option("saas_kubeconfig"),
            hooks=not option("saas_no_hooks"),
            preview=option("saas_preview"),
            answers=tuple(option("saas_answer")),
        )
        try:
            settings = read_settings(self.config.rootpath, switches)
        except (SpecError, TemplateError) as problem:
            raise pytest.UsageError(str(problem)) from None
        ids = {check.id for check in catalogue()}
        waived = [waiver.check for waiver in settings.waivers if waiver.check not in ids]
        if waived:
            raise pytest.UsageError(
                f"{settings.root / 'pyproject.toml'}: waivers.{waived[0]}: there is no such check; "
                "see saas-validate list checks"
            )
        unknown = [name for name in settings.engines if name not in ENGINES]
        if unknown:
            raise pytest.UsageError(f"no engine {unknown[0]!r}; there are {', '.join(ENGINES)}")
        artifacts = option("saas_artifacts")
        return Plan(
            settings,
            lambda: self.workspace,
            load_engine,
            programs,
            say=self.say,
            alone=False,
            judgements=None if option("saas_no_cache") else Judgements(cache_root() / "judged", self.say),
            aftermath=Aftermath(
                keep=option("saas_keep"),
                artifacts=Path(artifacts).absolute() if artifacts else None,
                say=self.kept.append if hasattr(self.config, "workerinput") else self.say,
            ),
        )

    @cached_property
    def workspace(self) -> Workspace:
        """Where this run keeps things; a worker shares its controller's."""
        worker = getattr(self.config, "workerinput", None)
        try:
            if worker is None:
                return Workspace.create(self.run_id or None, say=self.say)
            return Workspace.open(worker["testrunuid"], owner=worker["saas_controller"])
        except WorkspaceError as problem:
            pytest.exit(str(problem), returncode=pytest.ExitCode.USAGE_ERROR)

    run_id: str = ""  # given by xdist to the controller

    def started(self) -> bool:
        """Whether anything was gathered here, so that there is something to reap."""
        return "workspace" in self.__dict__


def session(config: pytest.Config) -> Session:
    """The session of this process, made when first asked for."""
    if SESSION not in config.stash:
        config.stash[SESSION] = Session(config)
    return config.stash[SESSION]


def load_engine(name: str, settings: Settings) -> Engine:
    """The engine of a name, imported when it is first needed."""
    from pytest_saas_validate.engines.compose import ComposeEngine
    from pytest_saas_validate.engines.kind import KindEngine
    from pytest_saas_validate.engines.local import LocalEngine

    engines: dict[str, Callable[[], Engine]] = {
        "local": lambda: LocalEngine(settings.environment),
        "compose": lambda: ComposeEngine(settings.images),
        "kind": lambda: KindEngine(settings.images, settings.node, kubeconfig=settings.kubeconfig),
    }
    return engines[name]()


def programs() -> tuple[Any, ...]:
    """What runs inside every stack's network: the issuer of test tokens and the sink of error reports."""
    from pytest_saas_validate.engines.programs import ISSUER, SENTRY

    return (ISSUER, SENTRY)
