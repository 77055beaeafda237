"""Every command of the README of every render, from a clean folder; each turns red for a planted fault."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from uv import find_uv_bin

from pytest_saas_validate.bake import Oven
from pytest_saas_validate.combos import Combo
from pytest_saas_validate.settings import Switches, read_settings

ROOT = Path(__file__).parent.parent.parent
SETTINGS = read_settings(ROOT, Switches(combos="all"))
FULLEST = max(SETTINGS.combos, key=lambda combo: len(combo.features))
HOSTILE = {
    "project_name": "L'Été 123",
    "project_slug": "l-ete-123",
    "author_name": "Zoë Ångström-O'Brien",
    "project_description": "yes",
}


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of this checkout: what a release would put under its name."""
    folder = tmp_path_factory.mktemp("wheels")
    words = [find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(words, check=True)
    return folder


@pytest.fixture
def sh(wheels: Path) -> Callable[[Path, str], subprocess.CompletedProcess[str]]:
    """Run one command of a README as a user would, in the project's folder."""
    links = f"{wheels} {os.environ.get('PIP_FIND_LINKS', '')}".strip()
    kept = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV",) and not k.startswith("PYTEST_")}
    environment = {**kept, "PIP_FIND_LINKS": links}

    def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    return run


def commands(project: Path) -> Iterator[str]:
    """Every line of every `sh` block of the README, in order."""
    for block in re.findall(r"```sh\n(.*?)```", (project / "README.md").read_text(), re.DOTALL):
        yield from (line for line in block.splitlines() if line.strip() and not line.startswith("#"))


def bake(combo: Combo, folder: Path, **extra: str) -> Path:
    return Oven(template=SETTINGS.source, home=folder / "home").bake(combo, folder / "bake", extra).root


@pytest.mark.parametrize("combo", SETTINGS.combos, ids=lambda combo: combo.id)
def test_every_command_of_the_readme_succeeds(
    combo: Combo, tmp_path: Path, sh: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    project = bake(combo, tmp_path)
    words = list(commands(project))
    assert {"make install", "make test", "make backup", "make restore", "make validate"} <= set(words)
    spent = []
    try:
        for command in words:
            begun = time.monotonic()
            ended = sh(project, command)
            spent.append(f"{command} {time.monotonic() - begun:.0f} s")
            assert ended.returncode == 0, f"{command}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    finally:
        sh(project, "make down")
        print(f"{combo.id}: {', '.join(spent)}")


def replaced(project: Path, path: str, old: str, new: str) -> None:
    file = project / path
    text = file.read_text()
    assert old in text, f"{path} does not hold {old!r}"
    file.write_text(text.replace(old, new, 1))


def flipped(project: Path) -> None:
    """One bit in the middle of the newest backup."""
    artefact = max((project / "backups").glob("*.dump.zst"))
    content = bytearray(artefact.read_bytes())
    content[len(content) // 2] ^= 16
    artefact.write_bytes(content)


FAULTS: dict[str, Callable[[Path], None]] = {
    "make lint": lambda p: (p / "backend/app/health.py").write_text(
        "import os\n" + (p / "backend/app/health.py").read_text()
    ),
    "make types": lambda p: (p / "backend/app/wrong.py").write_text("number: int = 'text'\n"),
    "make test": lambda p: replaced(p, "backend/app/middleware/security_headers.py", "nosniff", "sniff"),
    "make build": lambda p: (p / "frontend/src/main.ts").write_text("import './nowhere';\n"),
    "make restore": flipped,
    "make validate": lambda p: replaced(p, "backend/app/middleware/security_headers.py", "nosniff", "sniff"),
    "make migrate": lambda p: (p / "backend/migrations/versions/9999_broken.py").write_text(
        "revision = '9999'\ndown_revision = 'nowhere'\n"
    ),
    "make backup": lambda p: replaced(
        p, ".dev/env", "BACKUP_DATABASE_URL=postgresql://backup", "BACKUP_DATABASE_URL=postgresql://app"
    ),
    "make install": lambda p: replaced(p, "backend/requirements/base.txt", "==", "==999."),
}


def test_each_command_turns_red_for_a_planted_fault(
    tmp_path: Path, sh: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """One project, healthy before each fault and mended after it."""
    project = bake(FULLEST, tmp_path)
    for command in ("make install", "make up", "make migrate", "make backup"):
        assert sh(project, command).returncode == 0, command
    sh(project, "git init --quiet && git add --all && git -c user.name=x -c user.email=x@x commit -qm x")
    services = (project / ".dev/env").read_text()
    silent = []
    try:
        for command, plant in FAULTS.items():
            plant(project)
            if sh(project, command).returncode == 0:
                silent.append(command)
            sh(project, "git checkout --quiet . && git clean -qfd")
            (project / ".dev/env").write_text(services)
    finally:
        sh(project, "make down")
    assert silent == []


@pytest.mark.parametrize("name", ["observability", "sentry", "both", "none"])
def test_each_distinct_backend_boots_with_hostile_answers(name: str, tmp_path: Path) -> None:
    """Hyphen, apostrophe, non-ASCII, text that looks like yes or a number, a DSN although Sentry is off."""
    wanted = {"both": {"observability", "sentry"}, "none": set()}.get(name, {name})
    combo = next(combo for combo in SETTINGS.combos if combo.features == wanted)
    extra = {**HOSTILE, "sentry_dsn": "https://0123456789abcdef@errors.example/7"}
    project = bake(combo, tmp_path, **extra)
    words = [sys.executable, "-m", "pytest_saas_validate", "run", str(project)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:]
    if "sentry" not in wanted:
        assert not [
            path
            for path in project.rglob("*")
            if path.is_file() and b"0123456789abcdef@" in path.read_bytes()
        ]
