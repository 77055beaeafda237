"""A place in a render is traced to the template's file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.bake.provenance import Provenance, _matched
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.findings import Finding

ROOT = "{{cookiecutter.name}}"
MAIN = """\
{% if cookiecutter.debug == 'yes' -%}
import pdb
{% endif -%}
first = "{{ cookiecutter.name }}"

def second():
    return first
"""
FILES = {
    f"{ROOT}/{{{{cookiecutter.name}}}}/main.py": MAIN,
    f"{ROOT}/My page é.md": "first\n{{ cookiecutter.name }}\n",
    f"{ROOT}/plain/kept.txt": "{{ left as it is }}\nsecond\n",
    "hooks/post_gen_project.py": "from pathlib import Path\nPath('made.txt').write_text('by a hook')\n",
}


@pytest.fixture
def provenance(tmp_path: Path) -> Provenance:
    template = tmp_path / "template"
    for name, text in FILES.items():
        (template / name).parent.mkdir(parents=True, exist_ok=True)
        (template / name).write_text(text)
    variables = {"name": "shop", "debug": ["no", "yes"], "_copy_without_render": ["plain"]}
    (template / "cookiecutter.json").write_text(json.dumps(variables))
    project = Oven(template=template, home=tmp_path / "home").bake(
        Combo("bare", (("debug", "no"),), frozenset()), tmp_path / "bake"
    )
    return Provenance(project, template)


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("shop/main.py", f"{ROOT}/{{{{cookiecutter.name}}}}/main.py"),
        ("shop/main.py:1", f"{ROOT}/{{{{cookiecutter.name}}}}/main.py:4"),
        ("shop/main.py:4: return", f"{ROOT}/{{{{cookiecutter.name}}}}/main.py:7"),
        ("shop/main.py:99", f"{ROOT}/{{{{cookiecutter.name}}}}/main.py:7"),
        ("plain/kept.txt:2", f"{ROOT}/plain/kept.txt:2"),
        ("My page é.md", f"{ROOT}/My page é.md"),
        ("My page é.md:2", f"{ROOT}/My page é.md:2"),
        ("made.txt:1", "hooks/post_gen_project.py"),
        ("GET /shop/main.py", ""),
        ("shop", ""),
        ("", ""),
    ],
)
def test_where_a_place_comes_from(provenance: Provenance, where: str, source: str) -> None:
    (traced,) = provenance.traced([Finding(where=where, message="x")])
    assert traced.source == source


def test_lines_that_were_changed_are_those_that_they_resemble_most() -> None:
    source = ["{% for x in xs %}", "a = {{ x }}", "{% endfor %}", "same", "b = {{ y }}", "end"]
    assert _matched(source, ["a = 1", "a = 2", "same", "b = 3", "end"]) == [2, 2, 4, 5, 6]
    assert _matched(source, ["same", "end", "more"]) == [4, 6, 6]
    assert _matched([], ["x"]) == [0]
    assert _matched(["x"], []) == []
