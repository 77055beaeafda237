"""The layout shows the architecture, and stays small enough to be read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent.parent / "pytest_saas_validate"
MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_is_short(module: Path) -> None:
    """Or says in its docstring why it is not."""
    text = module.read_text()
    reason = "Longer than 250 lines because" in (ast.get_docstring(ast.parse(text)) or "")
    assert len(text.splitlines()) <= 250 or reason


def test_no_check_names_an_engine() -> None:
    """One check, many engines: a name in a check would be a special case."""
    engines = [path.stem for path in (PACKAGE / "engines").iterdir() if path.name[0] not in "_p"]
    assert engines
    for module in (PACKAGE / "checks").glob("*.py"):
        text = module.read_text()
        assert not [name for name in engines if f'"{name}"' in text], module.name
