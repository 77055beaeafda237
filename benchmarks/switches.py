"""A template with any number of switches, of the usual shape: most files read none, some read a few."""

from __future__ import annotations

import json
from pathlib import Path

_ROOT = "{{cookiecutter.project_slug}}"
_PLAIN, _MIXED, _OWN = 30, 12, 4  # files that read no switch, two neighbours each, and files of each switch


def make(folder: Path, switches: int) -> Path:
    """Write it below `folder`; returns the template."""
    names = [f"include_part_{letter}" for letter in "abcdefghijklmnop"[:switches]]
    files = {"README.md": _readme(names), "app/__init__.py": ""}
    files |= {f"app/plain_{n}.py": f'"""Plain {n}."""\n\nVALUE = {n}\n' * 20 for n in range(_PLAIN)}
    for number in range(_MIXED):
        pair = names[number % switches], names[(number + 1) % switches]
        files[f"config/mixed_{number}.yaml"] = "base: 1\n" + "".join(_when(n, f"{n}: 1\n") for n in pair)
    for name in names:
        part = name.removeprefix("include_")
        for number in range(_OWN):
            files[f"app/{_when(name, f'{part}_{number}.py')}"] = f'"""Of {part}."""\n\nNUMBER = {number}\n'
    for path, text in files.items():
        target = folder / _ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    variables = {"project_slug": "bench", **{name: ["yes", "no"] for name in names}}
    (folder / "cookiecutter.json").write_text(json.dumps(variables), encoding="utf-8")
    return folder


def _readme(names: list[str]) -> str:
    parts = "".join(_when(name, f"\nWith {name.removeprefix('include_')}.\n") for name in names[:6])
    return "# {{ cookiecutter.project_slug }}\n" + parts


def _when(name: str, text: str) -> str:
    return f"{{% if cookiecutter.{name} == 'yes' %}}{text}{{% endif %}}"
