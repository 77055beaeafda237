"""A template that means harm, or is broken, costs an error that names the place, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pytest_saas_validate.bake import BakeError, Escape, Oven, Way, source
from pytest_saas_validate.combos import Combo, TemplateError, combine
from pytest_saas_validate.engines import Engine
from pytest_saas_validate.findings import Outcome
from pytest_saas_validate.plan import Plan
from pytest_saas_validate.plan.source import everything as told
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.project import Hooked, Project
from pytest_saas_validate.settings import Settings, Switches, read_settings
from pytest_saas_validate.spec import Limits
from tests.render.listing import listing

BARE: Combo = combine((), {}, {})
ROOT = "{{cookiecutter.slug}}"


@pytest.fixture
def template(tmp_path: Path) -> Callable[..., Path]:
    """Makes a tiny template of files by name; a name that begins with hooks/ is executable."""

    def made(files: Mapping[str, str | bytes], **variables: object) -> Path:
        folder = tmp_path / "template"
        written = {f"{ROOT}/a.txt": "a\n", **files}
        for name, content in written.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            path.chmod(0o755 if name.startswith("hooks/") else 0o644)
        if "cookiecutter.json" not in files:
            (folder / "cookiecutter.json").write_text(json.dumps({"slug": "tiny", **variables}))
        return folder

    return made


def bake(template: Path, **limits: int) -> Project:
    """One bake of it, in the folder beside it."""
    oven = Oven(template=template, home=template.parent / "home", limits=Limits(**limits))
    return oven.bake(BARE, template.parent / "deep" / "out")


def refusal(template: Path, **limits: int) -> str:
    """What is said of a template that does not bake, and that nothing was written outside of its folder."""
    before = outside(template)
    with pytest.raises(BakeError) as problem:
        bake(template, **limits)
    assert outside(template) == before
    return str(problem.value)


def outside(template: Path) -> list[str]:
    """Everything beside the template, but for the output folder and cookiecutter's own."""
    top = template.parent
    own = (top / "home", top / "deep" / "out")
    found = [path for path in top.rglob("*") if not any(path.is_relative_to(folder) for folder in own)]
    return sorted(str(path) for path in found if path != top / "deep")


# Links, sizes


def test_a_link_out_of_the_template_is_refused(template: Callable[..., Path]) -> None:
    folder = template({})
    (folder.parent / "secret.txt").write_text("secret\n")
    (folder / ROOT / "stolen.txt").symlink_to("../../secret.txt")
    said = refusal(folder)
    assert said == (
        f"{folder / ROOT / 'stolen.txt'}: is a link out of the template, to ../../secret.txt; "
        "put the file itself here"
    )


def test_a_link_that_shows_half_a_machine_is_refused_and_not_read(
    template: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside what is rendered, where links may lead out: a hook may read there, so a change there counts."""
    folder = template({})
    shown = folder.parent / "shown"
    shown.mkdir()
    (folder / "root").symlink_to("../shown")
    (shown / "one.txt").write_text("one\n")
    before = list(told(folder))
    (shown / "one.txt").write_text("other\n")
    assert bake(folder).files
    assert list(told(folder)) != before
    monkeypatch.setattr(source, "_BEHIND_FILES", 5)
    for number in range(5):
        (shown / f"{number}.txt").touch()
    said = refusal(folder)
    assert said.startswith(f"{folder / 'root'}: is a link to ../shown, where more than 5 files or 200 MB lie")
    assert said.endswith("link to less, or remove it")
    before = list(told(folder))
    (shown / "one.txt").write_text("one more\n")
    assert list(told(folder)) == before, "it is not read"


def test_a_link_to_a_huge_file_is_refused(template: Callable[..., Path]) -> None:
    folder = template({})
    with (folder.parent / "image.iso").open("wb") as file:
        file.truncate(201_000_000)
    (folder / "image").symlink_to("../image.iso")
    assert "image: is a link to ../image.iso, where more than 10000 files or 200 MB lie" in refusal(folder)


def test_a_folder_that_is_a_link_out_of_the_template_is_refused(template: Callable[..., Path]) -> None:
    folder = template({"templates/b.txt": "b\n"})
    (folder / ROOT / "etc").symlink_to("/etc")
    assert "etc: is a link out of the template, to /etc" in refusal(folder)


def test_a_link_that_leads_nowhere_is_refused(template: Callable[..., Path]) -> None:
    folder = template({})
    (folder / ROOT / "gone.txt").symlink_to("absent.txt")
    assert "gone.txt: is a link to absent.txt, which is not there" in refusal(folder)


def test_a_pipe_that_nobody_writes_to_is_refused(template: Callable[..., Path]) -> None:
    folder = template({})
    os.mkfifo(folder / ROOT / "pipe")
    assert "/pipe: is a pipe, a socket or a device" in refusal(folder)


def test_a_link_inside_of_the_template_is_followed(template: Callable[..., Path]) -> None:
    folder = template({"templates/b.txt": "b\n"})
    (folder / ROOT / "b.txt").symlink_to("../templates/b.txt")
    assert bake(folder).files["b.txt"].text == "b\n"


def huge(path: Path) -> None:
    """50 MB that take no room."""
    with path.open("wb") as file:
        file.truncate(50_000_000)


def test_a_huge_file_is_refused_unless_it_is_allowed(template: Callable[..., Path]) -> None:
    folder = template({})
    huge(folder / ROOT / "blob.bin")
    said = refusal(folder)
    assert f"{folder / ROOT / 'blob.bin'}: has 50 MB, and 20 MB are allowed" in said
    assert "raise file_megabytes in [tool.pytest-saas-validate.limits]" in said
    assert len(bake(folder, file_megabytes=60).files["blob.bin"].content) == 50_000_000


def test_a_huge_file_of_a_hook_is_refused(template: Callable[..., Path]) -> None:
    folder = template({"hooks/post_gen_project.py": "open('made.bin', 'wb').truncate(50_000_000)\n"})
    assert "a hook made " in (said := refusal(folder))
    assert "made.bin: has 50 MB" in said


# Hooks


def test_a_hook_that_never_ends_is_ended_with_all_that_it_started(template: Callable[..., Path]) -> None:
    folder = template({})
    note = folder.parent / "deep" / "pid"
    hook = f"#!/bin/sh\nsleep 300 &\necho $! > {note}\nsleep 300\n"
    template({"hooks/pre_gen_project.sh": hook})
    note.parent.mkdir()
    begun = time.monotonic()
    with pytest.raises(BakeError) as problem:
        bake(folder, hook_seconds=1)
    assert time.monotonic() - begun < 30
    assert "hooks/pre_gen_project.sh: not done after 1 s and ended" in str(problem.value)
    assert "raise hook_seconds in [tool.pytest-saas-validate.limits]" in str(problem.value)
    child = int(note.read_text())
    for _ in range(100):
        if not alive(child):
            break
        time.sleep(0.05)
    assert not alive(child)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected does not."""
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_hook_that_fails_is_named(template: Callable[..., Path]) -> None:
    folder = template({"hooks/post_gen_project.py": "import sys\nprint('because')\nsys.exit(3)\n"})
    said = refusal(folder)
    assert "hooks/post_gen_project.py: exit code 3\nbecause" in said


def test_what_hooks_leave_outside_is_seen(template: Callable[..., Path]) -> None:
    hook = """\
import os, pathlib, tempfile
home = pathlib.Path.home()
assert not any(home.iterdir()), home
(home / ".cache" / "tool" / "deep").mkdir(parents=True)
(home / ".cache" / "tool" / "deep" / "x").write_text("x")
(home / ".noted").write_text("x")
pathlib.Path("../beside.txt").write_text("x")
pathlib.Path(tempfile.mkdtemp(), "temporary").write_text("x")
os.symlink("a.txt", "inner")
os.symlink("/etc/passwd", "outer")
"""
    made = bake(template({"hooks/post_gen_project.py": hook}))
    assert made.hooked == Hooked(
        ("hooks/post_gen_project.py",),
        ("../beside.txt", "~/.cache/tool", "~/.noted", "outer -> /etc/passwd"),
    )


def test_a_hook_that_changes_its_template_is_seen(template: Callable[..., Path]) -> None:
    folder = template({})
    hook = f"{{% raw %}}open({str(folder / ROOT / 'a.txt')!r}, 'a').write('more'){{% endraw %}}\n"
    made = bake(template({"hooks/pre_gen_project.py": hook}))
    assert made.hooked.strays == (f"the template's {ROOT}/a.txt",)


def test_a_hook_keeps_to_its_way(template: Callable[..., Path]) -> None:
    hook = "#!/bin/sh\necho once >> made.txt\ncommand -v git >> made.txt\ncommand -v rm >> made.txt\n"
    folder = template({"hooks/post_gen_project.sh": hook})
    oven = Oven(template=folder, home=folder.parent / "home", way=Way(times=2, alone=True))
    lines = (oven.bake(BARE, folder.parent / "out").files["made.txt"].text or "").splitlines()
    assert [line.rpartition("/")[2] for line in lines] == ["once", "rm", "once", "rm"]


# Undefined variables, broken templates


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (f"{ROOT}/deep/b.md", "one\n{{ cookiecutter.absent }}\n", f"'absent' ({ROOT}/deep/b.md:2)"),
        (f"{ROOT}/b.md", "one\n\n{% if absent.x %}{% endif %}\n", f"'absent' is undefined ({ROOT}/b.md:3)"),
        (f"{ROOT}/{{{{cookiecutter.absent}}}}.md", "one\n", "{{cookiecutter.absent}}.md"),
        ("hooks/pre_gen_project.py", "\n\n{{ cookiecutter.absent }}\n", "(hooks/pre_gen_project.py:3)"),
    ],
)
def test_an_undefined_variable_is_told_with_its_place(
    name: str, text: str, said: str, template: Callable[..., Path]
) -> None:
    for _ in range(2):  # compiled, and then from the memo
        found = refusal(template({name: text}))
        assert said in found
        assert len(found) < 600


def test_broken_syntax_is_told_with_its_place(template: Callable[..., Path]) -> None:
    found = refusal(template({f"{ROOT}/b.md": "one\n{% if %}\n"}))
    assert "b.md" in found
    assert "line 2" in found


@pytest.mark.parametrize(
    ("text", "said"),
    [('{"slug": "a",}', "cookiecutter.json: not JSON"), ("\xff", "cookiecutter.json: not JSON")],
)
def test_answers_that_are_no_json_are_told(text: str, said: str, template: Callable[..., Path]) -> None:
    folder = template({"cookiecutter.json": text.encode("latin-1")})
    assert said in refusal(folder)
    with pytest.raises(TemplateError, match=r"cookiecutter\.json: not JSON"):
        read_settings(folder, Switches(path=str(folder)))


def test_a_template_without_answers_is_told(template: Callable[..., Path]) -> None:
    folder = template({})
    (folder / "cookiecutter.json").unlink()
    assert refusal(folder).startswith(f"{folder / 'cookiecutter.json'}: No such file or directory")
    with pytest.raises(TemplateError, match=r"cookiecutter\.json: is not there, and \{\{cookiecutter"):
        read_settings(folder, Switches(path=str(folder)))


def test_a_template_without_a_folder_of_the_project_is_told(template: Callable[..., Path]) -> None:
    folder = template({})
    (folder / ROOT).rename(folder / "project")
    assert "should always contain a string that is rendered" in refusal(folder)


# Places outside


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (f"{ROOT}/{{{{cookiecutter.up}}}}.txt", "../escaped"),
        (f"{ROOT}/{{{{cookiecutter.up}}}}.txt", "../../../escaped"),
        (f"{ROOT}/{{{{cookiecutter.up}}}}/b.txt", "../escaped"),
        (f"{ROOT}/{{{{cookiecutter.up}}}}/{{{{cookiecutter.up}}}}/b.txt", ".."),
        (f"{ROOT}/{{{{cookiecutter.up}}}}.raw", "../../escaped"),
        (f"{ROOT}/raw{{{{cookiecutter.up}}}}/b.txt", "/../../escaped"),
        ("{{cookiecutter.up}}{{cookiecutter.slug}}/b.txt", "../../escaped"),
        ("{{cookiecutter.up}}{{cookiecutter.slug}}/b.txt", "ABSOLUTE/escaped"),
    ],
)
def test_a_name_that_leads_out_is_refused(name: str, value: str, template: Callable[..., Path]) -> None:
    folder = template({}, up="up", _copy_without_render=["raw*", "*.raw"])
    if not name.startswith(ROOT):
        (folder / ROOT / "a.txt").unlink()
        (folder / ROOT).rmdir()
    value = value.replace("ABSOLUTE", str(folder.parent))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("escaped\n")
    before = outside(folder)
    oven = Oven(template=folder, home=folder.parent / "home")
    with pytest.raises(Escape, match="outside of") as problem:
        oven.bake(BARE, folder.parent / "deep" / "out", {"up": value})
    assert "cookiecutter.up" in str(problem.value)
    assert outside(folder) == before
    assert not list(folder.parent.rglob("escaped*"))


def test_what_a_hook_linked_outside_is_not_written_through(template: Callable[..., Path]) -> None:
    hook = "import os\nos.symlink('../../../victim.txt', 'a.txt')\n"
    folder = template({"hooks/pre_gen_project.py": hook})
    (folder.parent / "victim.txt").write_text("whole\n")
    (folder.parent / "deep").mkdir()
    assert "outside of" in refusal(folder)
    assert (folder.parent / "victim.txt").read_text() == "whole\n"


def test_a_folder_without_a_name_does_not_empty_itself_over_the_machine(
    template: Callable[..., Path],
) -> None:
    """What is in it has a path that begins with a slash then."""
    place = f"{ROOT}/{{% if cookiecutter.slug == 'other' %}}x{{% endif %}}"
    said = refusal(template({f"{place}/saas-validate-escaped.txt": "x\n"}))
    assert "already exists" in said or "outside of" in said
    assert not Path("/saas-validate-escaped.txt").exists()


# All the same: plain templates bake as they do without us


def test_odd_templates_bake_to_the_bit_as_without_us(template: Callable[..., Path], cookies) -> None:
    hook = "import os\nos.symlink('a.txt', 'inner')\nos.makedirs('made/empty')\nos.chmod('a.txt', 0o640)\n"
    folder = template(
        {
            f"{ROOT}/run.sh": "#!/bin/sh\n# {{ cookiecutter.slug }}\n",
            f"{ROOT}/windows.txt": "{{ cookiecutter.slug }}\r\ntwo\r\n",
            f"{ROOT}/blob.bin": bytes(range(256)) * 40 + b"{{ cookiecutter.slug }}",
            f"{ROOT}/late.bin": b"x" * 4000 + b"\0{{ cookiecutter.slug }}",
            f"{ROOT}/raw/kept.txt": "{{ cookiecutter.slug }}\n",
            f"{ROOT}/{{{{cookiecutter.slug}}}}/named.txt": "{{ cookiecutter.slug }} {{ 'é' }}",
            f"{ROOT}/{{% if cookiecutter.slug == 'x' %}}absent.txt{{% endif %}}": "x\n",
            f"{ROOT}/included.txt": "{% include 'part.txt' %}\n",
            "templates/part.txt": "part of {{ cookiecutter.slug }}\n",
            "hooks/post_gen_project.py": hook,
        },
        _copy_without_render=["raw"],
    )
    (folder / ROOT / "run.sh").chmod(0o750)
    (folder / ROOT / "raw" / "kept.txt").chmod(0o600)
    (folder / ROOT / "nothing").mkdir()
    (folder / ROOT / "link.txt").symlink_to("a.txt")
    plain = cookies.bake(template=str(folder))
    assert plain.exception is None
    oven = Oven(template=folder, home=folder.parent / "home")
    for name in ("first", "from the memo"):
        assert listing(oven.bake(BARE, folder.parent / name).root) == listing(plain.project_path)


# And what becomes of it in a run


def no_engine(name: str, settings: Settings) -> Engine:
    """Nothing is booted."""
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        (f"{ROOT}/b.md", "{{ absent }}\n", f"{ROOT}/b.md:1"),
        (
            "hooks/pre_gen_project.sh",
            "#!/bin/sh\nsleep 300\n",
            "hooks/pre_gen_project.sh: not done after 1 s",
        ),
    ],
)
def test_in_a_run_it_is_an_error_of_every_check(
    file: str, text: str, place: str, template: Callable[..., Path], tmp_path: Path
) -> None:
    table = "[tool.pytest-saas-validate.limits]\nhook_seconds = 1\n"
    folder = template({file: text, "pyproject.toml": table})
    settings = read_settings(folder, Switches(path=str(folder), only="TR012,TR005"))
    workspace = Workspace.create(root=tmp_path / "cache")
    try:
        plan = Plan(settings, lambda: workspace, no_engine)
        verdicts = [plan.verdict(case) for case in plan.cases]
    finally:
        workspace.close()
    assert {verdict.outcome for verdict in verdicts} == {Outcome.ERROR}
    assert all(place in verdict.reason for verdict in verdicts)
