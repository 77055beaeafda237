"""Installed and not asked for, the plugin changes nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

SUITE = """
    import pytest

    @pytest.fixture(scope="module")
    def number():
        return 1

    @pytest.mark.parametrize("n", range(12))
    def test_one(n, number, worker_id):
        assert number
"""


def outcome(pytester: pytest.Pytester, *words: str) -> list[str]:
    """Which test ran where, and how many fixtures were set up."""
    result = pytester.runpytest_subprocess("-q", "-rA", "--setup-show", "-p", "no:cacheprovider", *words)
    result.assert_outcomes(passed=12)
    return sorted(line for line in result.outlines if "PASSED" in line or "SETUP" in line)


@pytest.mark.parametrize("words", [("-n0",), ("-n2",)], ids=["alone", "two workers"])
def test_a_foreign_suite_runs_as_without_it(words: tuple[str, ...], pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    assert outcome(pytester, *words) == outcome(pytester, *words, "-p", "no:saas_validate")


def test_the_scheduler_of_others_is_left_alone(pytester: pytest.Pytester) -> None:
    """xdist's `load` says so in verbose mode; ours would be loadscope."""
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("-n2", "-v", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["scheduling tests via LoadScheduling"])


def test_no_workspace_is_made(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = pytester.path / "cache"
    monkeypatch.setenv("SAAS_VALIDATE_CACHE", str(cache))
    pytester.makepyfile("def test_nothing(): pass")
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)
    assert not cache.exists()


def test_it_works_without_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    pytester.runpytest_subprocess("-p", "no:xdist").assert_outcomes(passed=1)


def test_nothing_heavy_is_loaded() -> None:
    """The figure is in docs/performance.md; what makes it is that none of these is imported."""
    heavy = [
        "yaml",
        "httpx",
        "cookiecutter",
        "jinja2",
        "pickle",
        "subprocess",
        "pytest_saas_validate.process",
    ]
    code = (
        "import pytest, sys; before = set(sys.modules); "
        "import pytest_saas_validate.plugin, pytest_saas_validate.hooks, pytest_saas_validate.hookspecs; "
        f"print(sorted((set(sys.modules) - before) & set({heavy!r})))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
