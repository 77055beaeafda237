"""What the memo keeps of one bake for another: nothing that could come to something else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.combos import combine

DEFAULT = combine((), {}, {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's folder of a template with one free text."""
    made = tmp_path / "template" / "{{cookiecutter.slug}}"
    made.mkdir(parents=True)
    variables = {
        "slug": "tiny",
        "name": "Tiny",
        "flag": True,
        "number": 1,
        "items": "own",
        "tags": ["a", "b"],
    }
    (made.parent / "cookiecutter.json").write_text(json.dumps({**variables, "_tags": ["a", "b"]}))
    return made


@pytest.fixture
def oven(folder: Path, tmp_path: Path) -> Oven:
    return Oven(template=folder.parent, home=tmp_path / "home")


def bake(oven: Oven, into: Path, **answers: str) -> Mapping[str, str]:
    """The texts of a bake by their names."""
    return {name: file.text or "" for name, file in oven.bake(DEFAULT, into, answers).files.items()}


@pytest.mark.parametrize(
    "text",
    [
        "{{ random_ascii_string(12) }}",
        "{{ uuid4() }}",
        "{{ lipsum(n=1) }}",
        "{{ range(1, 1000000) | random }}",
        "{{ ['random'] | map('upper') | first | list | random }}",
        "{% set n = range(1, 1000000) %}{{ n | random }}",
    ],
)
def test_what_comes_by_chance_comes_anew(text: str, oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(f"{text} {{{{ cookiecutter.name }}}}\n" * 5)
    assert bake(oven, tmp_path / "one") != bake(oven, tmp_path / "other")


def test_the_day_is_asked_each_time(oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("{% now 'utc', '%f' %}\n")
    found = {bake(oven, tmp_path / str(n))["a.txt"] for n in range(3)}
    assert len(found) > 1


@pytest.mark.parametrize(
    "text",
    [
        "{{ cookiecutter.name }}",
        "{{ cookiecutter['name'] }}",
        "{{ cookiecutter }}",
        "{{ _cookiecutter.name | upper }}",
        "{% set n = cookiecutter.name %}{{ n }}",
        "{% for n in [cookiecutter.name] %}{{ loop.index }}{{ n }}{% endfor %}",
        "{% macro m() %}{{ cookiecutter.name }}{% endmacro %}{{ m() }}",
        "{{ cookiecutter.get('name') }}",
        "{{ cookiecutter['na' ~ 'me'] }}",
        "{% for n, v in cookiecutter.items() %}{{ n }}{{ v }}{% endfor %}",
        "{{ cookiecutter | jsonify }}",
    ],
)
def test_an_answer_reaches_every_text(text: str, oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(text + "\n")

    def come_to(into: str, **answers: str) -> str:
        """Without where it lies, which is one of the answers."""
        return bake(oven, tmp_path / into, **answers)["a.txt"].replace(into, "")

    first = come_to("first")
    told = first.replace("Tiny", "Quartz").replace("TINY", "QUARTZ")
    assert first != told
    assert come_to("second", name="Quartz") == told
    assert come_to("third") == first


def test_an_answer_reaches_a_name(oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "{{cookiecutter.name}}.txt").write_text("same\n")
    assert bake(oven, tmp_path / "one") == {"Tiny.txt": "same\n"}
    assert bake(oven, tmp_path / "two", name="Quartz") == {"Quartz.txt": "same\n"}


def test_true_is_not_one(oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("{{ cookiecutter.number }}\n")
    source = folder.parent / "cookiecutter.json"
    texts = []
    for value in (1, True, "1"):
        source.write_text(json.dumps({"slug": "tiny", "number": value}))
        texts.append(bake(oven, tmp_path / str(len(texts)))["a.txt"])
    assert texts == ["1\n", "True\n", "1\n"]


def test_a_changed_file_and_mode_count(oven: Oven, folder: Path, tmp_path: Path) -> None:
    place = folder / "run.sh"
    place.write_text("echo {{ cookiecutter.name }}\n")
    bake(oven, tmp_path / "one")
    place.chmod(0o755)
    assert oven.bake(DEFAULT, tmp_path / "two").files["run.sh"].executable
    place.write_text("echo {{ cookiecutter.slug }}\n")
    assert bake(oven, tmp_path / "three")["run.sh"] == "echo tiny\n"


def test_what_a_text_includes_counts(oven: Oven, folder: Path, tmp_path: Path) -> None:
    shared = folder.parent / "templates"
    shared.mkdir()
    (shared / "part.txt").write_text("one")
    (folder / "a.txt").write_text("{% include 'part.txt' %}\n")
    assert bake(oven, tmp_path / "one")["a.txt"] == "one\n"
    (shared / "part.txt").write_text("two")
    assert bake(oven, tmp_path / "two")["a.txt"] == "two\n"


def test_line_ends_stay_or_are_as_the_template_says(oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    source = folder.parent / "cookiecutter.json"
    source.write_text(json.dumps({"slug": "tiny", "_new_lines": "\n"}))
    assert oven.bake(DEFAULT, tmp_path / "unix").files["a.txt"].content == b"one\ntwo\n"
    source.write_text(json.dumps({"slug": "tiny"}))
    for again in ("one", "two"):
        assert oven.bake(DEFAULT, tmp_path / again).files["a.txt"].content == b"one\r\ntwo\r\n"


def test_a_list_that_a_text_changes_is_not_remembered(oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("{{ cookiecutter._tags.append('c') or '' }}\n")
    (folder / "b.txt").write_text("{{ cookiecutter._tags | join }}\n")
    for again in ("one", "two"):
        assert bake(oven, tmp_path / again)["b.txt"] == "abc\n"


def test_of_two_files_of_one_name_the_last_is_there(oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "{{cookiecutter.slug}}.txt").write_text("longer by far\n")
    (folder / "{% if true %}tiny.txt{% endif %}").write_text("short\n")
    first = bake(oven, tmp_path / "one")
    assert bake(oven, tmp_path / "two") == first


@pytest.mark.parametrize("way", ["{% include 'b.txt' %}", "{% import 'b.txt' as b with context %}"])
def test_what_another_file_takes_in_still_depends_on_its_answers(
    way: str, oven: Oven, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.txt").write_text(way)
    (folder / "b.txt").write_text("{{ cookiecutter.name }}\n")
    assert bake(oven, tmp_path / "one")["b.txt"] == "Tiny\n"
    assert bake(oven, tmp_path / "two", name="Quartz")["b.txt"] == "Quartz\n"


@pytest.mark.parametrize(
    "text",
    [
        "{{ cookiecutter.name | unique }}",
        "{{ [cookiecutter.name] | reverse }}",
        "{{ cookiecutter.name.split(' ') | batch(2) }}",
        "{{ cookiecutter.name.upper }}",
        "{{ cookiecutter.name ~ ' 0x7F00AABBCCDD' }}",
        "{{ cookiecutter.name['upper'] | upper }}",
        "{{ [cookiecutter.name] | join(attribute='upper') }}",
        "{{ '{0.upper}'.format(cookiecutter.name ~ 'x') }}",
        "{{ [cookiecutter.name].__iter__() }}",
        "{% set x = [] %}{% set y = x.append(x) %}{{ x | pprint }}",
    ],
)
def test_what_shows_an_address_is_not_kept(text: str, oven: Oven, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(f"{text}\n")
    bake(oven, tmp_path / "one")
    assert not oven.memo._written._made


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"lstrip_blocks": True, "trim_blocks": True}, "  {% if true %}\nx\n  {% endif %}\n"),
        ({"line_statement_prefix": "#"}, "# if true\nx\n# endif\n"),
        ({"autoescape": True}, "{{ '<b>' }}\n"),
        ({"newline_sequence": "\r\n"}, "{{ 'a' }}\nb\n"),
    ],
)
def test_options_of_jinja_count(
    options: Mapping[str, object], text: str, oven: Oven, folder: Path, tmp_path: Path
) -> None:
    """A changed copy of a template shares the memo."""
    (folder / "a.txt").write_text(text)
    source = folder.parent / "cookiecutter.json"
    found = []
    for number, told in enumerate(({}, {"_jinja2_env_vars": options}, {})):
        source.write_text(json.dumps({"slug": "tiny", **told}))
        found.append(oven.bake(DEFAULT, tmp_path / str(number)).files["a.txt"].content)
    assert found[0] == found[2] != found[1]


def test_equal_answers_may_be_two(oven: Oven, folder: Path, tmp_path: Path) -> None:
    variables = {"slug": "tiny", "name": "Tiny Inc", "a": "{{ cookiecutter.name }}"}
    (folder.parent / "cookiecutter.json").write_text(json.dumps(variables))
    (folder / "a.txt").write_text("{{ cookiecutter.a is sameas cookiecutter.name }}\n")
    assert bake(oven, tmp_path / "one")["a.txt"] != bake(oven, tmp_path / "two", a="Tiny Inc")["a.txt"]


def test_what_is_binary_is_asked_of_each_file(oven: Oven, folder: Path, tmp_path: Path) -> None:
    """Archives give all files one time; a copy of a template shares the memo."""
    other = tmp_path / "other"
    shutil.copytree(folder.parent, other)
    text, binary = folder / "a.dat", other / folder.name / "a.dat"
    text.write_bytes(b"{{ cookiecutter.name }}\n")
    binary.write_bytes(b"\x00\xff\x01".ljust(len(text.read_bytes()), b"\x89"))
    for path in (text, binary):
        os.utime(path, (1, 1))
    assert bake(oven, tmp_path / "one")["a.dat"] == "Tiny\n"
    copied = replace(oven, template=other).bake(DEFAULT, tmp_path / "two").files["a.dat"]
    assert copied.content == binary.read_bytes()
