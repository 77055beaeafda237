"""Defects of a template: planted in a copy of it, seen in its renders.

Longer than 250 lines because it is one list: each defect is a few lines, and they are read side by side.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_saas_validate.combos import Feature, Option, read_options
from pytest_saas_validate.evidence.render_words import Words
from pytest_saas_validate.mutants import NotPlantable, mutant
from pytest_saas_validate.probes.render_variables import Text, texts

_SWITCH = re.compile(r"cookiecutter\.(\w+)\s*==\s*'(\w+)'")


def inside(template: Path) -> Path:
    """The folder that becomes the project; raises NotPlantable."""
    for path in sorted(template.iterdir()):
        if path.is_dir() and "{{" in path.name and "cookiecutter" in path.name:
            return path
    raise NotPlantable("no folder with the project's name")


def _sources(template: Path) -> Iterator[tuple[Path, str]]:
    """Text files of the project folder."""
    for path in sorted(inside(template).rglob("*")):
        if path.is_file():
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def document(template: Path) -> Path:
    """A Markdown file that is rendered; made when there is none; raises NotPlantable."""
    root = inside(template)
    for path, _ in _sources(template):
        plain = not any("{%" in part for part in path.relative_to(root).parts)
        if path.suffix == ".md" and plain and not _copied(template, path.relative_to(root)):
            return path
    path = root / "PLANTED.md"
    if _copied(template, path.relative_to(root)):
        raise NotPlantable("every document is copied without being rendered")
    path.write_text("# Planted\n", encoding="utf-8")
    return path


def _copied(template: Path, path: Path) -> bool:
    """Whether cookiecutter copies a file of the project folder as it is."""
    patterns = _variables(template).get("_copy_without_render", [])
    return any(
        fnmatch.fnmatch(str(place), pattern) for place in (path, *path.parents) for pattern in patterns
    )


def _variables(template: Path) -> dict[str, Any]:
    variables: dict[str, Any] = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    return variables


def append(path: Path, text: str) -> None:
    """Add text at the end of a file."""
    path.write_text(f"{path.read_text(encoding='utf-8').rstrip()}\n\n{text}\n", encoding="utf-8")


def hook(template: Path, name: str) -> Path:
    """A Python hook, made when there is none."""
    hooks = template / "hooks"
    if any(path.suffix != ".py" for path in hooks.glob(f"{name}.*")):
        raise NotPlantable(f"{name} is not Python")
    hooks.mkdir(exist_ok=True)
    path = hooks / f"{name}.py"
    path.touch()
    return path


def _switches(template: Path) -> list[Option]:
    """Options that switch a feature."""
    return [option for option in read_options(template) if option.feature]


def _replace_everywhere(template: Path, old: str, new: str, *, switch: bool = False) -> int:
    """In names and texts of the project folder, of a switch not where answers are recorded; how often."""
    count = 0
    record = re.compile(rf"^\s*\"?\w+\"?\s*[=:]\s*\"\{{\{{\s*{re.escape(old)}\s*\}}\}}\"")
    for path, text in list(_sources(template)):
        lines = [
            line if switch and record.match(line) else line.replace(old, new)
            for line in text.splitlines(keepends=True)
        ]
        count += "".join(lines) != text
        path.write_text("".join(lines), encoding="utf-8")
        if old in path.name:
            path.rename(path.with_name(path.name.replace(old, new)))
            count += 1
    return count


@mutant(
    "TR003-unconditional",
    "a conditional file is always there",
    fires="TR003",
    also={"TR"},
    bare=True,
    at="template",
)
def unconditional(template: Path) -> None:
    """Its name lost the condition."""
    switches = {option.name: option for option in _switches(template)}
    for path, text in sorted(_sources(template), key=lambda item: ".py" in item[0].name):
        asked = _SWITCH.search(path.name)
        option = switches.get(asked.group(1)) if asked else None
        if asked and option and asked.group(2) == option.on and _tells(option, path, text):
            path.rename(path.with_name(re.sub(r"\{%.*?%\}", "", path.name)))
            return
    raise NotPlantable("no file whose name depends on a switch, and whose name or text says what for")


def _tells(option: Option, path: Path, text: str) -> bool:
    feature = option.feature or ""
    words = Words(Feature(feature, feature, (feature,)))
    name = re.sub(r"\{%.*?%\}", "", path.name)
    return bool(words.find(name)) or (
        not words.common and bool(words.find(re.sub(r"\{[{%].*?[%}]\}", "", text)))
    )


@mutant("TR004-switch", "a switch has no effect", fires="TR004", also={"TR009", "TR011"}, at="template")
def inert_switch(template: Path) -> None:
    """Every condition on it is always true."""
    hooks = "".join(path.read_text(encoding="utf-8") for path in (template / "hooks").glob("post*"))
    for option in _switches(template):
        if re.search(rf"\b{option.name}\b", hooks):
            continue
        if _replace_everywhere(template, f"cookiecutter.{option.name}", f"'{option.on}'", switch=True):
            return
    raise NotPlantable("no switch that files alone decide")


@mutant("TR004-text", "an answer is used nowhere", fires="TR004", also={"TR009"}, at="template")
def inert_text(template: Path) -> None:
    """The default was written out instead."""
    for text in _free_texts(template):
        if _replace_everywhere(template, f"cookiecutter.{text.name}", f"'{text.default}'"):
            return
    raise NotPlantable("no file uses a free text that nothing else is made of")


def _basis(text: Text, template: Path) -> bool:
    return text.name in inside(template).name or any(other.made_of(text.name) for other in texts(template))


@mutant("TR005-chance", "a document holds a random word", fires="TR005", also={"TR009"}, at="template")
def chance(template: Path) -> None:
    """From an extension that cookiecutter loads by itself."""
    append(document(template), "Build {{ random_ascii_string(12) }}.")


@mutant("TR005-day", "a document holds the day of its bake", fires="TR005", at="template")
def day(template: Path) -> None:
    """Two bakes on one day are equal."""
    append(document(template), "Made on {% now 'utc', '%Y-%m-%d' %}.")


@mutant("TR005-hook", "a hook writes the time", fires="TR005", also={"TR009"}, at="template")
def hook_time(template: Path) -> None:
    """To the nanosecond."""
    append(
        hook(template, "post_gen_project"),
        "import time\nfrom pathlib import Path\n\nPath('BUILD').write_text(f'{time.time_ns()}\\n')",
    )


@mutant("TR009-unquoted", "an answer stands in YAML without quotes", fires="TR009", at="template")
def unquoted(template: Path) -> None:
    """The default takes no harm from it."""
    name = _free_text(template).name
    (inside(template) / "planted.yaml").write_text(
        f"owner: {{{{ cookiecutter.{name} }}}}\n", encoding="utf-8"
    )


@mutant("TR009-derived", "a slug stands in YAML without quotes", fires="TR009", at="template")
def unquoted_slug(template: Path) -> None:
    """Only a slug that reads as a number or as null shows it."""
    name = next((text.name for text in texts(template) if text.derived), None)
    if name is None:
        raise NotPlantable("no answer that is made of another one")
    (inside(template) / "planted.yaml").write_text(
        f"labels: [{{{{ cookiecutter.{name} }}}}]\n", encoding="utf-8"
    )


@mutant("TR009-python", "an answer stands in a Python string as it is", fires="TR009", at="template")
def python_string(template: Path) -> None:
    """An apostrophe ends the string."""
    name = _free_text(template).name
    text = f"OWNER = '{{{{ cookiecutter.{name} }}}}'\n"
    (inside(template) / "planted.py").write_text(text, encoding="utf-8")


@mutant("TR009-shell", "an answer stands in a shell script as it is", fires="TR009", at="template")
def shell_string(template: Path) -> None:
    """An apostrophe opens a string."""
    path = inside(template) / "planted.sh"
    path.write_text(f"#!/bin/sh\necho {{{{ cookiecutter.{_free_text(template).name} }}}}\n", encoding="utf-8")
    path.chmod(0o755)


def _free_text(template: Path) -> Text:
    for text in _free_texts(template):
        return text
    raise NotPlantable("no free text that nothing else is made of")


def _free_texts(template: Path) -> Iterator[Text]:
    for text in texts(template):
        if text.default and not text.derived and not _basis(text, template):
            yield text


@mutant("TR009-unchecked", "no answer is refused", fires="TR009", at="template")
def unchecked(template: Path) -> None:
    """The hook that refuses is gone."""
    found = list((template / "hooks").glob("pre_gen_project.*"))
    if not found:
        raise NotPlantable("no hook that could refuse")
    for path in found:
        path.unlink()


@mutant(
    "TR011-gone",
    "the hook that removes is gone",
    fires={"TR003", "TR011"},
    also={"TR"},  # what no hook removes may be wrong in any way
    bare=True,
    at="template",
)
def hook_gone(template: Path) -> None:
    """As when it lies outside the template."""
    for path in _post(template):
        path.unlink()


@mutant(
    "TR011-misnamed",
    "the hook that removes has another name",
    fires={"TR003", "TR011"},
    also={"TR"},  # what no hook removes may be wrong in any way
    bare=True,
    at="template",
)
def hook_misnamed(template: Path) -> None:
    """cookiecutter passes it over without a word."""
    for path in _post(template):
        path.rename(path.with_name(f"post_generate_project{path.suffix}"))


@mutant(
    "TR011-idle",
    "the hook that removes returns at once",
    fires={"TR003", "TR011"},
    also={"TR"},  # what no hook removes may be wrong in any way
    bare=True,
    at="template",
)
def hook_idle(template: Path) -> None:
    """Its words are all there."""
    for path in _post(template):
        if path.suffix != ".py":
            raise NotPlantable("the hook is not Python")
        text = path.read_text(encoding="utf-8")
        head = "from __future__ import annotations\n"
        start = text.find(head) + len(head) if head in text else 0
        path.write_text(f"{text[:start]}\nraise SystemExit(0)\n{text[start:]}", encoding="utf-8")


def _post(template: Path) -> list[Path]:
    found = list((template / "hooks").glob("post_gen_project.*"))
    words = "".join(path.read_text(encoding="utf-8") for path in found)
    if not re.search(r"rmtree|unlink|\brm\b", words):
        raise NotPlantable("no hook that removes files")
    return found


@mutant("TR011-inverted", "a file comes when its switch is off", fires="TR011", at="template")
def inverted(template: Path) -> None:
    """The condition is the wrong way round."""
    for option in _switches(template):
        file = f"{{% if cookiecutter.{option.name} == '{option.off}' %}}PLANTED.md{{% endif %}}"
        (inside(template) / file).write_text("# Planted\n", encoding="utf-8")
        return
    raise NotPlantable("no switch")


@mutant("TR012-folder", "an empty folder stays", fires="TR012", at="template")
def empty_folder(template: Path) -> None:
    """All of its files went with a switch."""
    append(
        hook(template, "post_gen_project"),
        "from pathlib import Path\n\n"
        "Path('planted/deep').mkdir(parents=True, exist_ok=True)\n"
        "Path('planted.txt').write_text('made\\n')  # a file too: evidence is kept by files",
    )
