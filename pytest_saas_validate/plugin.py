"""pytest hooks and fixtures: thin, and nothing heavy is imported until a case is judged."""

from __future__ import annotations

import pytest

from pytest_saas_validate.fixtures import (
    saas_bake,
    saas_boot,
    saas_client,
    saas_combo,
    saas_engine,
    saas_evidence,
    saas_judge,
    saas_project,
    saas_prove,
    saas_sentry,
    saas_session,
    saas_settings,
    saas_stack,
    saas_token,
)

__all__ = [
    "saas_bake",
    "saas_boot",
    "saas_client",
    "saas_combo",
    "saas_engine",
    "saas_evidence",
    "saas_judge",
    "saas_project",
    "saas_prove",
    "saas_sentry",
    "saas_session",
    "saas_settings",
    "saas_stack",
    "saas_token",
]

FAMILY = "saas_family"


def pytest_addoption(parser: pytest.Parser) -> None:
    """All options have one prefix, so that no other plugin's can collide."""
    group = parser.getgroup("saas-validate", "SaaS template validation")
    group.addoption("--saas-path", metavar="PATH", default="", help="template or project to judge")
    group.addoption(
        "--saas-combos",
        metavar="WHICH",
        default="",
        help="all, pairwise, each, sampled, default, or ids",
    )
    group.addoption("--saas-engine", metavar="NAME", action="append", default=[], help="where to run")
    group.addoption("--saas-only", metavar="LIST", default="", help="families and check ids: SH,TR004")
    group.addoption(
        "--saas-require",
        metavar="LIST",
        default="",
        help="engines, tools, families or all: missing is an error",
    )
    group.addoption("--saas-environment", metavar="WHICH", default="", help="locked (default) or current")
    group.addoption(
        "--saas-kubeconfig", metavar="FILE", default="", help="engine kind: use this cluster, make none"
    )
    group.addoption(
        "--saas-answer",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="answer a template's free text",
    )
    group.addoption("--saas-no-hooks", action="store_true", help="do not run the template's hooks")
    group.addoption(
        "--saas-no-cache", action="store_true", help="judge files anew, whatever is known of them"
    )
    group.addoption("--saas-preview", action="store_true", help="checks in preview count like all others")
    group.addoption("--saas-json", metavar="FILE", default="", help="write the verdicts as JSON")
    group.addoption("--saas-html", metavar="FILE", default="", help="write the report as one HTML file")
    group.addoption("--saas-sarif", metavar="FILE", default="", help="write the findings as SARIF 2.1.0")
    group.addoption("--saas-kills", metavar="FILE", default="", help="write the kill table as JSON")
    group.addoption("--saas-thorough", action="store_true", help="a planted defect is judged by every family")
    group.addoption(
        "--saas-keep",
        choices=("never", "failed", "always"),
        default="never",
        help="leave stacks running, where the engine can, and say how to reach and to remove them",
    )
    group.addoption("--saas-artifacts", metavar="DIR", default="", help="write the logs of every stack there")
    group.addoption("--saas-complete", action="store_true", help="every case must be collected")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer the report to other plugins."""
    from pytest_saas_validate import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Register markers, and the session that starts when the first case asks for it."""
    config.addinivalue_line("markers", "saas_family(name): a battery test of one family of checks")
    config.addinivalue_line("markers", "saas_engine(*names): needs one of these engines")
    config.addinivalue_line("markers", "saas_features(*names): only where these features are on")
    config.addinivalue_line("markers", "saas_check(id): a test of one's own that reports under a check's id")
    from pytest_saas_validate.hooks import Hooks

    config.pluginmanager.register(Hooks(config), "saas-validate-hooks")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each battery test its cases. Nothing is baked for this: the answers alone decide."""
    if "saas_mutant" in metafunc.fixturenames:
        from pytest_saas_validate.mutants import mutants
        from pytest_saas_validate.prove import concerned
        from pytest_saas_validate.session import session

        plan = session(metafunc.config).plan
        planted = [mutant for mutant in mutants() if concerned(mutant, plan)]
        metafunc.parametrize("saas_mutant", planted, ids=[mutant.id for mutant in planted], scope="session")
    if "saas_combo" in metafunc.fixturenames:
        from pytest_saas_validate.session import session

        combos = session(metafunc.config).plan.settings.combos
        metafunc.parametrize(
            "saas_combo", combos, ids=[combo.id for combo in combos], scope="session", indirect=True
        )
    if "saas_case" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker(FAMILY)
    if marker is None:
        return
    from pytest_saas_validate.session import session

    family = marker.args[0]
    found = [c for c in session(metafunc.config).plan.cases if c.check.family == family and c.applies]
    metafunc.parametrize("saas_case", found, ids=[case.id for case in found], scope="session")
