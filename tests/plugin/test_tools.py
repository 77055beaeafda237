"""Tools are found in the right place and version, believed only when awake, and obtained only when asked."""

import os
import subprocess
from pathlib import Path

import pytest

from pytest_saas_validate.project import File
from pytest_saas_validate.tools import TOOLS, awake, doctor, find, git, obtain
from pytest_saas_validate.tools import finding as finding_module


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with nothing on it but a shell; returns a maker of programs on its PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("sh", "mkdir", "chmod", "cat", "touch", "printf"):
        place = next(Path(part) / name for part in ("/bin", "/usr/bin") if (Path(part) / name).exists())
        (folder / name).symlink_to(place)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("SAAS_VALIDATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(finding_module, "program_in", lambda module, pattern: None)
    find.cache_clear()

    def program(name, script, into=folder):
        into.mkdir(parents=True, exist_ok=True)
        file = into / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    program.tmp_path = tmp_path
    yield program
    find.cache_clear()


def test_a_tool_on_the_path_is_found_with_its_version(machine):
    file = machine("promtool", "echo 'promtool, version 3.5.3+ds (branch: x)'")
    assert (find("promtool").path, find("promtool").version) == (file, "3.5.3")
    assert not find("promtool").reason


def test_a_relative_path_is_told_whole(machine, monkeypatch):
    file = machine("promtool", "echo 'promtool, version 3.5.3+ds (branch: x)'")
    monkeypatch.chdir(file.parent.parent)
    monkeypatch.setenv("PATH", file.parent.name)
    assert find("promtool").path == file


def test_an_old_one_gives_way_to_the_environment_s(machine):
    machine("kubectl", "echo v1.9.0")
    newer = machine("kubectl", "echo Client Version: v1.37.1", machine.tmp_path / "environment" / "bin")
    assert find("kubectl").path == newer


def test_only_an_old_one_is_named_with_what_is_needed(machine):
    file = machine("kubectl", "echo v1.9.0")
    found = find("kubectl")
    assert found.path is None
    assert f"{file} is 1.9.0, and 1.27 is needed" in found.reason
    assert "pytest-saas-validate[judges]" in found.reason


@pytest.mark.parametrize("name", TOOLS)
def test_one_that_is_not_there_says_how_to_get_it(machine, name):
    found = find(name)
    assert found.path is None
    assert f"{name} is not installed: " in found.reason
    assert "doctor --install" in found.reason


def test_one_that_does_not_answer_is_not_taken(machine):
    machine("promtool", "exit 1")
    for _ in range(2):
        assert "does not tell its version" in find("promtool").reason
        find.cache_clear()


def test_a_script_is_asked_by_every_process(machine):
    """It may start another program tomorrow, in another folder, or with other variables."""
    chosen = machine.tmp_path / "chosen"
    machine("promtool", f"cat {chosen}")
    for version in ("3.5.3", "3.16.0"):
        chosen.write_text(version)
        find.cache_clear()
        assert find("promtool").version == version


@pytest.mark.parametrize("content", [b"", b'"3.5', b"\x80\x04garbage", b"[3]"])
def test_an_answer_that_was_damaged_costs_time_only(machine, content):
    folder = machine.tmp_path / "cache" / "tools" / "promtool" / "bin"
    note = machine.tmp_path / "asked"
    machine("promtool", f"echo x >> {note}; echo 3.5.3", folder)
    for _ in range(2):
        assert find("promtool").version == "3.5.3"
        find.cache_clear()
    (kept,) = (machine.tmp_path / "cache" / "versions").iterdir()
    kept.write_bytes(content)
    for _ in range(2):
        assert {row.name: row for row in doctor()}["promtool"].version == "3.5.3"
        find.cache_clear()
    assert note.read_text() == "x\nx\n"


def test_another_file_is_asked_again(machine):
    machine("promtool", "echo 3.5.3")
    assert find("promtool").version == "3.5.3"
    machine("promtool", "echo a much newer 3.16.0")
    find.cache_clear()
    assert find("promtool").version == "3.16.0"


def test_a_tool_that_lets_everything_pass_is_not_awake(machine):
    machine("promtool", "echo 3.5.3; echo 'SUCCESS: 1 rules found'")
    assert "bad sample" in awake("promtool")


def test_a_tool_that_refuses_everything_is_not_awake(machine):
    machine("promtool", 'echo 3.5.3; test "$1" = --version')
    assert "good sample" in awake("promtool")


def test_the_exit_code_alone_does_not_make_one_awake(machine):
    machine("promtool", 'echo 3.5.3; case "$(cat "$3" 2>/dev/null)" in *"== ("*) exit 1;; esac')
    assert "good sample" in awake("promtool")


def test_a_report_has_a_row_for_every_tool(machine):
    machine("promtool", "echo 3.5.3")
    rows = {row.name: row for row in doctor()}
    assert list(rows) == list(TOOLS)
    assert rows["promtool"].found
    assert not rows["gitleaks"].found
    assert all(row.how for row in rows.values())
    assert "good sample" in {row.name: row for row in doctor(samples=True)}["promtool"].reason


APT = """
case "$*" in
  indextargets*) echo "https://mirror.example/debian CODENAME main";;
  *update*) cat "$2" > UPDATE; echo x >> COUNT;;
  *download*) touch "$4_9.8.7-1_amd64.deb";;
esac
"""
DPKG = """
mkdir -p "$3/usr/bin"
for name in promtool prometheus gitleaks kustomize amtool; do
  printf '#!/bin/sh\\necho development build\\n' > "$3/usr/bin/$name"; chmod 755 "$3/usr/bin/$name"
done
"""


@pytest.fixture
def debian(machine, monkeypatch):
    """A machine with an apt that knows Debian's archive."""
    release = {"ID": "debian", "VERSION_CODENAME": "someday"}
    monkeypatch.setattr("pytest_saas_validate.tools.debian._release", lambda: release)
    texts = {
        "CODENAME": "someday",
        "UPDATE": machine.tmp_path / "update",
        "COUNT": machine.tmp_path / "count",
    }
    script = APT
    for name, text in texts.items():
        script = script.replace(name, str(text))
    machine("apt-get", script)
    machine("dpkg", DPKG)
    return machine


def test_what_is_missing_comes_from_the_machine_s_own_mirror(debian):
    said = []
    found = {tool.name: tool for tool in obtain("promtool", "amtool", "gitleaks", say=said.append)}
    assert all(tool.path and tool.version == "9.8.7" for tool in found.values())
    assert said == ["getting promtool", "getting amtool", "getting gitleaks"]
    assert (debian.tmp_path / "count").read_text() == "x\n"
    assert find("promtool").path == found["promtool"].path
    assert not list((debian.tmp_path / "cache" / "runs").iterdir())


def test_what_is_there_is_not_obtained_again(debian):
    machine_own = debian("promtool", "echo 3.5.3")
    (found,) = obtain("promtool")
    assert found.path == machine_own
    assert not (debian.tmp_path / "count").exists()


def test_apt_s_own_configuration_and_state_are_not_touched(debian):
    obtain("promtool")
    configuration = (debian.tmp_path / "update").read_text()
    for name in ("Dir::State", "Dir::State::lists", "Dir::Cache", "Dir::Etc::sourcelist"):
        line = next(line for line in configuration.splitlines() if line.startswith(f"{name} "))
        assert str(debian.tmp_path / "cache" / "runs") in line


def test_without_apt_the_reason_says_what_else(machine):
    (found,) = obtain("promtool")
    assert found.path is None
    assert "no apt on this machine" in found.reason
    assert "project's releases" in found.reason


def test_on_another_distribution_nothing_is_guessed(debian, monkeypatch):
    monkeypatch.setattr("pytest_saas_validate.tools.debian._release", lambda: {"ID": "ubuntu"})
    (found,) = obtain("promtool")
    assert "no Debian archive" in found.reason


def test_a_failed_download_leaves_nothing(debian):
    debian("dpkg", "echo broken archive >&2; exit 1")
    (found,) = obtain("promtool")
    assert "broken archive" in found.reason
    assert not list((debian.tmp_path / "cache" / "tools").iterdir())


@pytest.mark.parametrize("name", TOOLS)
def test_the_tools_of_this_machine_judge_their_samples(name):
    found = find(name)
    if found.path is None:
        pytest.skip(found.reason)
    assert awake(name) == ""
    assert os.access(found.path, os.X_OK)


# Git


def test_what_a_projects_commands_made_is_no_source_of_it(tmp_path: Path) -> None:
    written = {".gitignore": "/backups/\n*.log\n", "backups/a.dump": "x", "app/a.py": "", "app/kept.log": ""}
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert sorted(git.sources(tmp_path)) == [".gitignore", "app/a.py"]
    for words in (["init", "--quiet"], ["add", "--force", "app/kept.log"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    assert sorted(git.sources(tmp_path)) == [".gitignore", "app/a.py", "app/kept.log"]
    assert git.ignored(git.sources(tmp_path)) == {"app/kept.log": ".gitignore:2 (*.log)"}


def test_what_the_user_ignores_everywhere_counts_in_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "git" / "ignore"
    rules.parent.mkdir()
    rules.write_text("*.py\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert git.ignored({"one.py": File(b""), ".gitignore": File(b"*.log\n"), "one.log": File(b"")}) == {
        "one.log": ".gitignore:1 (*.log)"
    }
