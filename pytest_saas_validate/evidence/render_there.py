"""What the commands of a project can call, and what they call in vain."""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from pytest_saas_validate.evidence.render_calls import COMPOSE, Command, read
from pytest_saas_validate.evidence.render_entries import Entry
from pytest_saas_validate.evidence.render_locks import lines
from pytest_saas_validate.evidence.render_makefile import Makefile, beside, read_makefile
from pytest_saas_validate.evidence.render_python import OwnPackages
from pytest_saas_validate.project import File

_OPEN = re.compile(r"[$<>{}*?\[\]`…]|\.\.\.")
_PYTHON = re.compile(r"(^|/)python[\d.]*$|PYTHON")
_TARGET = re.compile(r"^([a-z_]\w*(?:\.\w+)*):([A-Za-z_]\w*)$")
_WITH_VALUE = {"-C", "--directory", "-f", "--file", "-j", "-o", "-W", "-I", "-l"}
_ALWAYS = {"pip", "venv", "pytest", "build", "twine", "ensurepip", "setuptools", "wheel", "uv", "pipx"}
_ONE_SERVICE = {"run", "exec"}
_OPTIONS = {"-e", "--env", "-u", "--user", "-v", "-w", "--entrypoint", "--name", "--scale", "--tail"}
_SERVICES = {"up", "build", "logs", "stop", "start", "restart", "pull", "rm", "kill", "create", "ps"}


class There:
    """What commands of a project can call."""

    def __init__(self, files: Mapping[str, File]) -> None:
        self.files = files
        self._makefiles: dict[str, Makefile] = {}
        self._readers: dict[str, Callable[[Command], Iterator[str]]] = {
            "make": self._make,
            "gmake": self._make,
            "${MAKE}": self._make,
            "npm": self._npm,
            "pnpm": self._npm,
            "npx": self._npx,
            "pre-commit": self._hook,
            "docker": self._docker,
            "docker-compose": self._docker,
        }

    def problems(self, command: Command) -> Iterator[str]:
        """What a command names and is not there."""
        first = command.words[0]
        reader = self._readers.get(first) or self._readers.get(posixpath.basename(first))
        if reader is not None:
            yield from reader(command)
        yield from self._python(command)

    def _make(self, command: Command) -> Iterator[str]:
        folders, rest, words = command.folders, [], list(command.words[1:])
        while words:
            word = words.pop(0)
            option, _, value = word.partition("=")
            if option in _WITH_VALUE:
                value = value or (words.pop(0) if words else "")
                if option in ("-f", "--file") or _OPEN.search(value):
                    return
                if option in ("-C", "--directory"):
                    folders = tuple(posixpath.normpath(posixpath.join(f, value)) for f in folders)
            elif not word.startswith("-") and "=" not in word and not word.startswith((">", "<", "2>")):
                rest.append(word)
        if not folders:
            return
        found = [path for folder in folders if (path := beside("" if folder == "." else folder, self.files))]
        if not found:
            yield f"calls make, and there is no Makefile in {_folder(folders)}"
            return
        makefiles = [self._makefile(path) for path in found]
        for target in rest:
            if re.fullmatch(r"[\w./-]+", target) and not any(m.makes(target) or m.open for m in makefiles):
                yield f"calls make {target}, and {found[0]} has no such target"

    def _makefile(self, path: str) -> Makefile:
        if path not in self._makefiles:
            self._makefiles[path] = read_makefile(path, self.files)
        return self._makefiles[path]

    def _npm(self, command: Command) -> Iterator[str]:
        folders, rest, words = command.folders, [], list(command.words[1:])
        while words:
            word = words.pop(0)
            option, _, value = word.partition("=")
            if option in ("--prefix", "-C", "--dir"):
                value = value or (words.pop(0) if words else "")
                folders = tuple(posixpath.normpath(posixpath.join(f, value)) for f in folders)
            elif word in ("-w", "--workspace", "--workspaces", "-g", "--global"):
                return
            elif word == "--":
                break
            elif not word.startswith("-"):
                rest.append(word)
        runs = rest[:1] in (["run"], ["run-script"])
        name = rest[1] if runs and len(rest) > 1 else rest[0] if rest[:1] in (["test"], ["start"]) else ""
        if not name or _OPEN.search(name):
            return
        places = [posixpath.join(f, "package.json").removeprefix("./") for f in folders]
        found = [place for place in places if place in self.files] or (
            [] if folders else [n for n in self.files if posixpath.basename(n) == "package.json"]
        )
        if not found:
            yield f"calls npm run {name}, and there is no package.json in {_folder(folders)}"
        elif not any(
            name in (read(self.files[p].text or "", json.loads).get("scripts") or {}) for p in found
        ):
            yield f"calls npm run {name}, and {found[0]} has no such script"

    def _scripts(self, manifest: str) -> set[str]:
        return set(read(self.files[manifest].text or "", json.loads).get("scripts") or {})

    def _npx(self, command: Command) -> Iterator[str]:
        words = [
            word for word in command.words[1:] if not word.startswith("-") or word in ("-y", "--yes", "-p")
        ]
        if not words or words[0].startswith("-") or _OPEN.search(words[0]) or not self._binaries:
            return
        if words[0] not in self._binaries:
            yield f"calls npx {words[0]}, and no locked package brings it"

    @cached_property
    def _binaries(self) -> set[str]:
        found: set[str] = set()
        for name, file in self.files.items():
            if posixpath.basename(name) == "package-lock.json":
                for entry in (read(file.text or "", json.loads).get("packages") or {}).values():
                    found |= set(entry["bin"]) if isinstance(entry.get("bin"), dict) else set()
        return found

    def _hook(self, command: Command) -> Iterator[str]:
        words = [word for word in command.words[1:] if not word.startswith("-")]
        config = self.files.get(".pre-commit-config.yaml")
        if config is None:
            yield "calls pre-commit, and there is no .pre-commit-config.yaml"
        elif words[:1] == ["run"] and len(words) > 1 and not _OPEN.search(words[1]):
            repos = read(config.text or "").get("repos") or ()
            ids = {hook.get("id") for repo in repos for hook in repo.get("hooks") or ()}
            if words[1] not in ids:
                yield f"calls pre-commit run {words[1]}, and there is no such hook"

    def _docker(self, command: Command) -> Iterator[str]:
        words = list(command.words[1:])
        if command.words[0] == "docker":
            if words[:1] != ["compose"]:
                return
            words = words[1:]
        while words and words[0].startswith("-"):
            takes = words.pop(0) in ("-f", "--file", "-p", "--project-name", "--profile", "--env-file")
            words = words[1:] if takes else words
        if not words or not self._services:
            return
        asked, names = words[0], []
        for word in words[1:]:
            if re.fullmatch(r"[a-z][\w.-]*", word):
                names.append(word)
            if names and asked in _ONE_SERVICE:
                break
            if word in (
                "-e",
                "--env",
                "-u",
                "--user",
                "-v",
                "-w",
                "--entrypoint",
                "--name",
                "--scale",
                "--tail",
            ):
                return  # the next word is a value
        if asked in _ONE_SERVICE | _SERVICES:
            for name in names:
                if name not in self._services:
                    yield f"calls docker compose {asked} {name}, and there is no such service"

    @cached_property
    def _services(self) -> set[str]:
        return {
            service
            for name, file in self.files.items()
            if COMPOSE.search(name)
            for service in read(file.text or "").get("services") or {}
        }

    def _python(self, command: Command) -> Iterator[str]:
        words = command.words
        for number, word in enumerate(words):
            if word == "-m" and number and number + 1 < len(words) and _PYTHON.search(words[number - 1]):
                yield from self._module(words[number + 1])
            named = _TARGET.match(word)
            if named and self._own.has_package(named.group(1)):
                problem = self._own.problem(named.group(1), named.group(2))
                if problem:
                    yield f"names {word}: {problem}"

    def lost(self, entry: Entry) -> str:
        """What keeps an entry from starting; empty where another package brings its module."""
        own = self._own.has_package(entry.module)
        return self._own.problem(entry.module, entry.wanted) if own else ""

    def _module(self, module: str) -> Iterator[str]:
        top = module.partition(".")[0]
        if _OPEN.search(module) or top in sys.stdlib_module_names or top in _ALWAYS:
            return
        if self._own.has_package(module):
            if not self._own.runs(module):
                yield f"calls python -m {module}, which is no module that can be run"
        elif (
            self._locked
            and _plain(top) not in self._locked
            and f"{module.replace('.', '/')}.py" not in self._tails
        ):
            yield f"calls python -m {module}, which is neither in the project nor in a lock"

    @cached_property
    def _own(self) -> OwnPackages:
        return OwnPackages({n: f for n, f in self.files.items() if n.endswith(".py")})

    @cached_property
    def _tails(self) -> set[str]:
        """Every end of the path of a Python file: a command is given where that file lies."""
        paths = [name.split("/") for name in self.files if name.endswith(".py")]
        return {"/".join(path[at:]) for path in paths for at in range(len(path))}

    @cached_property
    def _locked(self) -> set[str]:
        return {
            _plain(line.name)
            for name, file in self.files.items()
            if name.endswith(".txt") and "==" in (file.text or "")
            for line in lines(file.text or "")
            if line.pinned
        }


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _folder(folders: tuple[str, ...]) -> str:
    return " or ".join(folder or "the project's root" for folder in folders)
