"""Defects of what files refer to: links, imports, locks."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from pytest_saas_validate.evidence.render_web import unresolved
from pytest_saas_validate.mutants import Edit, NotPlantable, mutant
from pytest_saas_validate.mutants.render import document
from pytest_saas_validate.project import File


@mutant("TR008-link", "a document links to a file that is not there", fires="TR008", at="project")
def dead_link(edit: Edit) -> None:
    """It went with a switch, the link stayed."""
    name = document(edit)
    edit.write(name, f"{edit.text(name).rstrip()}\n\nSee [the guide](docs/absent.md).\n")


@mutant("TR008-anchor", "a document links to a heading that is not there", fires="TR008", at="project")
def dead_anchor(edit: Edit) -> None:
    """The heading was renamed."""
    name = document(edit)
    edit.write(name, f"{edit.text(name).rstrip()}\n\nSee [above](#planted-absent-heading).\n")


@mutant("TR008-path", "a document names a file that is not there", fires="TR008", at="project")
def dead_path(edit: Edit) -> None:
    """Between backticks."""
    name = document(edit)
    edit.write(name, f"{edit.text(name).rstrip()}\n\nIt is written down in `planted/absent.toml`.\n")


@mutant("TR008-target", "a linked document was deleted", fires="TR008", at="project")
def deleted_target(edit: Edit) -> None:
    """The link stayed."""
    edit.write("planted/guide.md", "# Guide\n\n[back](one.md)\n")
    edit.write("planted/one.md", "# One\n")
    edit.remove("planted/one.md")


@mutant("TR013-module", "a Python file imports a module that is not there", fires="TR013", at="project")
def absent_module(edit: Edit) -> None:
    """The module's switch is off, the import does not depend on it."""
    edit.write("planted.py", f"from {_named(edit)}.planted_absent import nothing\n\nprint(nothing)\n")


@mutant("TR013-name", "a Python file imports a name that is not there", fires="TR013", at="project")
def absent_name(edit: Edit) -> None:
    """The name's switch is off, the import does not depend on it."""
    edit.write("planted.py", f"from {_named(edit)} import planted_absent\n\nprint(planted_absent)\n")


def package(edit: Edit) -> str:
    """The folder of a Python package that is in no other one; made when there is none."""

    def outermost(name: str, file: File) -> bool:
        folder, _, base = name.rpartition("/")
        return (
            bool(folder) and base == "__init__.py" and f"{posixpath.dirname(folder)}/{base}" not in edit.files
        )

    return posixpath.dirname(edit.there(outermost, "planted_package/__init__.py", "ONE = 1\n"))


@mutant("TR013-swallowed", "a web module is missing", fires="TR013", also={"TR008"}, at="project")
def swallowed(edit: Edit) -> None:
    """An ignore rule of the template's repository swallowed it."""
    for name in [n for n in edit.files if re.search(r"\.[cm]?[jt]s$", n)]:
        left = {other: file for other, file in edit.files.items() if other != name}
        if any(True for _ in unresolved(left)):
            edit.remove(name)
            return
    edit.write("planted/page.js", 'import "./absent.js";\n')


def _named(edit: Edit) -> str:
    return posixpath.basename(package(edit))


def _spare_lock(edit: Edit) -> str:
    """A hashed lock that the table does not name, so that no environment is made of it; else a new one."""
    backend = edit.spec.backend
    named = {posixpath.join(backend.path, lock) for lock in backend.locks} if backend else set()
    for name, file in edit.files.items():
        lock = name.endswith(".txt") and f"{name[:-4]}.in" in edit.files
        if lock and name not in named and "--hash=" in (file.text or ""):
            return name
    edit.write("planted/requirements.in", "planted-one>=1\n")
    edit.write("planted/requirements.txt", f"planted-one==1.2 \\\n    --hash=sha256:{'0' * 64}\n")
    return "planted/requirements.txt"


@mutant("TR010-hash", "a pinned line has no hash", fires="TR010", at="project")
def no_hash(edit: Edit) -> None:
    """As an edit by hand leaves it."""
    name = _spare_lock(edit)
    edit.write(name, re.sub(r"( \\\n\s+--hash=\S+)+", "", edit.text(name), count=1))


@mutant("TR010-weak", "a hash is cut short", fires="TR010", at="project")
def weak_hash(edit: Edit) -> None:
    """As a wrapped line of a message leaves it."""
    name = _spare_lock(edit)
    edit.write(name, re.sub(r"(--hash=sha256:[0-9a-f]{60})[0-9a-f]{4}", r"\1", edit.text(name), count=1))


@mutant("TR010-twice", "a lock pins a package twice", fires="TR010", at="project")
def pinned_twice(edit: Edit) -> None:
    """As a merge leaves it."""
    name = _spare_lock(edit)
    pin = re.search(r"^([a-z][\w.-]*)==\S+ \\\n", edit.text(name), re.M)
    if pin is None:
        raise NotPlantable(f"{name} has no plain pin")
    digest = "0" * 64
    edit.write(name, f"{edit.text(name).rstrip()}\n{pin.group(1)}==0.0.1 \\\n    --hash=sha256:{digest}\n")


@mutant("TR010-pin", "a line of a lock is not pinned", fires="TR010", at="project")
def no_pin(edit: Edit) -> None:
    """As an edit by hand leaves it."""
    name = _spare_lock(edit)
    edit.write(name, edit.text(name).replace("==", ">=", 1))


@mutant("TR010-stale", "a manifest asks for what its lock does not have", fires="TR010", at="project")
def stale(edit: Edit) -> None:
    """It was edited and not resolved."""
    manifest = f"{_spare_lock(edit)[:-4]}.in"
    edit.write(manifest, f"{edit.text(manifest).rstrip()}\nplanted-absent>=1\n")


@mutant("TR010-newer", "a manifest asks for a newer version than its lock has", fires="TR010", at="project")
def newer(edit: Edit) -> None:
    """It was edited and not resolved."""
    manifest = f"{_spare_lock(edit)[:-4]}.in"
    edit.write(manifest, re.sub(r">=[\d.]+", ">=9999", edit.text(manifest), count=1))


@mutant("TR010-index", "a lock names the registry it came from", fires="TR010", at="project")
def index_address(edit: Edit) -> None:
    """As a resolver writes it when not told otherwise."""
    name = _spare_lock(edit)
    edit.write(name, f"--index-url https://registry.example/simple\n\n{edit.text(name)}")


@mutant("TR010-absent", "a manifest has no lock", fires="TR010", also={"TR002", "TR008"}, at="project")
def absent_lock(edit: Edit) -> None:
    """An ignore rule swallowed it."""
    edit.remove(_spare_lock(edit))


def _npm(edit: Edit) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in edit.files:
        if posixpath.basename(name) == "package-lock.json":
            yield name, json.loads(edit.text(name))
            return
    manifest: dict[str, Any] = {"name": "planted", "dependencies": {"planted-one": "^1.0.0"}}
    whole = {"version": "1.0.0", "integrity": f"sha512-{'0' * 86}=="}
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": manifest,
            "node_modules/planted-one": {**whole, "optionalDependencies": {"planted-native": "1.0.0"}},
            "node_modules/planted-native": whole,
        },
    }
    edit.write("planted/package.json", json.dumps(manifest))
    yield "planted/package-lock.json", json.loads(json.dumps(lock))


@mutant("TR010-npm-step", "an npm lock is out of step with its manifest", fires="TR010", at="project")
def npm_step(edit: Edit) -> None:
    """A version was edited in package.json only."""
    for name, lock in _npm(edit):
        kind = next((k for k in ("dependencies", "devDependencies") if lock["packages"][""].get(k)), "")
        if not kind:
            raise NotPlantable("the npm lock has no dependencies")
        wanted = lock["packages"][""][kind]
        wanted[next(iter(wanted))] = "0.0.1"
        edit.write(name, json.dumps(lock, indent=2) + "\n")


@mutant("TR010-npm-resolved", "an npm lock names the registry it came from", fires="TR010", at="project")
def npm_resolved(edit: Edit) -> None:
    """As npm writes it when not told otherwise."""
    for name, lock in _npm(edit):
        path = next(path for path in lock["packages"] if path)
        lock["packages"][path]["resolved"] = "https://registry.example/planted.tgz"
        edit.write(name, json.dumps(lock, indent=2) + "\n")


@mutant("TR010-npm-platform", "an npm lock lacks the native part of a platform", fires="TR010", at="project")
def npm_platform(edit: Edit) -> None:
    """As npm writes it when it has node_modules of one platform before it."""
    for name, lock in _npm(edit):
        for entry in lock["packages"].values():
            for part in entry.get("optionalDependencies", {}):
                if lock["packages"].pop(f"node_modules/{part}", None):
                    edit.write(name, json.dumps(lock, indent=2) + "\n")
                    return
        raise NotPlantable("nothing in the npm lock has native parts")
