"""What happens around the tests: requirements, scheduling, collecting verdicts, reports, and the end."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_saas_validate.findings import Verdict
    from pytest_saas_validate.report import Report
    from pytest_saas_validate.report.kills import Kill
    from pytest_saas_validate.session import Session

_SWITCHES = (
    "saas_path",
    "saas_combos",
    "saas_engine",
    "saas_only",
    "saas_require",
    "saas_kubeconfig",
    "saas_json",
    "saas_html",
    "saas_sarif",
)


def asked(config: pytest.Config) -> bool:
    """Whether this run is about validation: a switch was given, or the battery was named."""
    named = any("pytest_saas_validate" in str(arg) for arg in config.invocation_params.args)
    return named or any(config.getoption(switch) for switch in _SWITCHES)


class Hooks:
    """One object per process; holds only what it saw."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.verdicts: list[Verdict] = []
        self.kills: list[Kill] = []
        self.collected: set[str] = set()
        self.started = time.monotonic()
        self.cleanup = ExitStack()
        self.is_worker = hasattr(config, "workerinput")

    @property
    def session(self) -> Session:
        """The state that the fixtures use too."""
        from pytest_saas_validate.session import session

        return session(self.config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Refuse early what is required and not here; turn SIGTERM into an orderly end; show progress."""
        if self.is_worker or not asked(self.config):
            return
        from pytest_saas_validate.process import terminate_as_interrupt
        from pytest_saas_validate.requirements import unmet
        from pytest_saas_validate.session import load_engine

        self.session.say = self.config.get_terminal_writer().line
        self.cleanup.enter_context(terminate_as_interrupt())
        missing = unmet(self.session.plan.settings, load_engine)
        if missing:
            raise pytest.UsageError("\n".join(missing))

    def pytest_report_header(self) -> str | None:
        """One line about what will be judged."""
        if not asked(self.config):
            return None
        settings = self.session.plan.settings
        what = "template" if settings.is_template else "project"
        waived = f", {len(settings.waivers)} waivers" if settings.waivers else ""
        return (
            f"saas: {what} {settings.source.name}, {len(settings.combos)} combinations, "
            f"engines {' '.join(settings.engines)}{waived}"
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Remember the run's id, under which workers keep what they share, and say who answers for it."""
        self.session.run_id = node.workerinput["testrunuid"]
        node.workerinput["saas_controller"] = os.getpid()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Group cases by the stack that they need; every other run keeps xdist's own scheduler."""
        if config.getoption("dist") != "load" or not asked(config):
            return None
        from pytest_saas_validate.schedule import ByStack

        return ByStack(config, log, self.session.plan)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """What the workers will run."""
        self.collected.update(_case_ids(ids))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What this process will run: evidence that no collected case judges is not gathered."""
        ours = {case.id for item in session.items if (case := _params(item).get("saas_case")) is not None}
        self.collected |= ours
        if ours:
            self.session.plan.chosen = frozenset(ours)
            self.session.plan.whole = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop the placeholder that pytest makes for a test without cases: its family was not asked for."""
        items[:] = [item for item in items if not _is_placeholder(item)]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Gather before any time limit of the test begins: a boot is nobody's test."""
        case = _params(item).get("saas_case")
        if case is not None:
            self.session.plan.prepare(case)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the stack's logs to a test of one's own that fails."""
        report = yield
        stack = getattr(item, "funcargs", {}).get("saas_stack")
        if report.failed and stack is not None:
            report.sections.append((f"saas: {stack.engine} logs", stack.logs(tail=200)))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect each verdict once, from the report that travels."""
        if self.is_worker or report.when != "call":
            return
        from pytest_saas_validate.report import kills, record

        self.verdicts += record.recorded(report.user_properties)
        self.kills += kills.recorded(report.user_properties)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End what is left of this run, also what a killed worker left; after xdist has ended its workers."""
        if not self.is_worker:
            self._reap()
        elif asked(self.config):
            self.config.workeroutput["saas_kept"] = self.session.kept  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Say how to reach and remove the stacks that a worker kept; nobody sees what a worker prints."""
        for line in getattr(node, "workeroutput", {}).get("saas_kept", ()):
            self.session.say(line)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The matrix, the findings, and what was not exercised; and the files that were asked for."""
        if self.is_worker:
            return
        if self.kills:
            self._kill_table(terminalreporter)
        if not self.verdicts:
            return
        from pytest_saas_validate.report import summary
        from pytest_saas_validate.report.terminal import lines
        from pytest_saas_validate.report.write import write

        report = self.report()
        self.config.hook.pytest_saas_report(config=self.config, report=report)
        for line in lines(report):
            terminalreporter.write_line(line)
        files = {kind: self.config.getoption(f"saas_{kind}") for kind in ("json", "html", "sarif")}
        try:
            for path in write(report, **files):
                terminalreporter.write_line(f"written: {path}")
            for line in summary.append(report):
                terminalreporter.write_line(line)
        except OSError as problem:
            pytest.exit(f"a report cannot be written: {problem}", returncode=pytest.ExitCode.INTERNAL_ERROR)

    def _kill_table(self, terminalreporter: pytest.TerminalReporter) -> None:
        from pytest_saas_validate.report.kills import lines, write

        self.config.hook.pytest_saas_kills(config=self.config, kills=self.kills)
        for line in lines(self.kills):
            terminalreporter.write_line(line)
        target = self.config.getoption("saas_kills")
        if target:
            terminalreporter.write_line(f"written: {write(target, self.kills)}")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Give signals back."""
        self.cleanup.close()

    def report(self) -> Report:
        """Everything that was seen, with a place for what was not."""
        from pytest_saas_validate.report import assemble

        return assemble(
            self.session.plan,
            self.verdicts,
            self.collected,
            complete=self.config.getoption("saas_complete"),
            seconds=time.monotonic() - self.started,
        )

    def _reap(self) -> None:
        state = self.session
        if not (state.started() or (state.run_id and self.collected)):
            return
        from pytest_saas_validate.process import NoRoom

        try:
            reaped = state.workspace.close()
        except NoRoom as problem:
            state.say(f"saas: what is left of this run is for the next one to remove: {problem}")
            return
        if reaped.left:
            state.say(reaped.complaint(state.workspace.run_id))


def _params(item: pytest.Item) -> dict[str, Any]:
    return getattr(getattr(item, "callspec", None), "params", {})


def _is_placeholder(item: pytest.Item) -> bool:
    """A parameter without an id is pytest's own NOTSET."""
    ours = [value for name, value in _params(item).items() if name in ("saas_case", "saas_mutant")]
    return any(not hasattr(value, "id") for value in ours)


def _case_ids(nodeids: Any) -> set[str]:
    """The bracketed part of our tests' ids."""
    return {
        nodeid.rsplit("[", 1)[1].removesuffix("]")
        for nodeid in nodeids
        if nodeid.endswith("]") and "[" in nodeid
    }
