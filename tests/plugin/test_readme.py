"""The README's promises: its ten-line test is run as it stands, in a project baked from the template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.engines.local import LocalEngine
from pytest_saas_validate.settings import Switches, read_settings

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


def test_it_begins_with_the_two_commands() -> None:
    assert re.match(r"# pytest-saas-validate\n\n```sh\nmake validate\nmake test\n```\n", README)


def test_the_picture_is_there() -> None:
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert shown
    assert all((ROOT / path).is_file() for path in shown)


@pytest.mark.parametrize("sabotage", ["", "nosniff"], ids=["healthy", "planted fault"])
def test_the_ten_lines_run_in_a_generated_project(
    sabotage: str, tmp_path: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert text is not None
    lines = [line for line in text[1].splitlines() if line.strip()]
    assert len(lines) <= 10
    settings = read_settings(ROOT, Switches(combos="bare"))
    project = Oven(template=settings.source, home=tmp_path / "home").bake(
        settings.combos[0], tmp_path / "bake"
    )
    unavailable = LocalEngine().unavailable(project)
    if unavailable:
        pytest.skip(unavailable)
    if sabotage:
        middleware = next(
            path for path in project.root.rglob("security_headers.py") if "tests" not in path.parts
        )
        middleware.write_text(middleware.read_text().replace("nosniff", "sniff"))
    test = project.root / "test_own.py"
    test.write_text(text[1])
    monkeypatch.chdir(project.root)
    result = pytester.runpytest_subprocess(
        str(test), "-q", "-p", "no:cacheprovider", f"--rootdir={project.root}"
    )
    result.assert_outcomes(**({"failed": 1} if sabotage else {"passed": 1}))
    if sabotage:
        result.stdout.fnmatch_lines(["*SH013*", "*saas: local logs*"])
