"""TR: whether locks lock, agree with what they lock, and work behind any registry."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_saas_validate.evidence.render import Locks
from pytest_saas_validate.evidence.render_locks import Line, lines
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_WHOLE = re.compile(r"sha512-[A-Za-z0-9+/]{86}==|sha384-[A-Za-z0-9+/]{64}")
_KINDS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


@check(
    "TR010",
    severity=Severity.HIGH,
    title="Locks are there, hashed, in step with their manifests, and name no registry",
    why="an install takes other packages than those that were tested, does not notice an exchanged one, or "
    "works behind one registry only",
    remedy="resolve the lock anew from its manifest, with hashes and without an index address",
    wants=Locks,
    subject=Subject.PROJECT,
)
def locks(found: Locks) -> Iterator[Finding]:
    """Requirement locks that the table names or that have an .in file beside them; npm locks."""
    read = {name: list(lines(text)) for name, text in found.texts.items() if name.endswith((".txt", ".in"))}
    for name in found.named:
        if name not in found.texts:
            yield Finding(where=name, message="the project's table names this lock, and it is not there")
    locked = [n for n in read if n.endswith(".txt") and (n in found.named or _manifest(n) in read)]
    for name in locked:
        yield from _hashed(name, read[name])
        yield from _in_step(name, read[name], read.get(_manifest(name), []))
    for name in read:
        if name.endswith(".in") and f"{name[:-3]}.txt" not in read:
            yield Finding(where=name, message="has no lock beside it")
    yield from _agree({name: read[name] for name in locked})
    for name, text in found.texts.items():
        if posixpath.basename(name) == "package.json":
            yield from _npm(name, text, found.texts)


def _manifest(lock: str) -> str:
    return f"{lock[:-4]}.in"


def _hashed(name: str, read: list[Line]) -> Iterator[Finding]:
    if not any(line.requirement for line in read):
        yield Finding(where=name, message="locks nothing")
    for line in read:
        where = f"{name}:{line.number}"
        if line.address:
            yield Finding(
                where=where, message="says where packages come from, so it works behind one registry only"
            )
        elif line.option:
            continue
        elif not line.pinned:
            yield Finding(
                where=where,
                message=f"{line.text.split('--hash')[0].strip()[:60]!r} is not pinned to one version",
            )
        elif not line.hashes:
            yield Finding(where=where, message=f"{line.name} has no hash")
        elif line.weak:
            yield Finding(where=where, message=f"{line.name} has a hash that is no whole SHA-256 or better")
    seen: dict[tuple[str, str], str] = {}
    for line in read:
        key = (line.name, str(line.requirement.marker) if line.requirement else "")
        if line.pinned and seen.setdefault(key, line.pinned) != line.pinned:
            yield Finding(
                where=f"{name}:{line.number}", message=f"{line.name} is pinned twice, also to {seen[key]}"
            )


def _in_step(name: str, lock: list[Line], manifest: list[Line]) -> Iterator[Finding]:
    pins: dict[str, set[str]] = {}
    for line in lock:
        pins.setdefault(line.name, set()).add(line.pinned)
    for line in manifest:
        if line.requirement is None:
            continue
        if line.name not in pins:
            yield Finding(where=name, message=f"does not lock {line.name}, which {_manifest(name)} asks for")
        elif not any(
            line.requirement.specifier.contains(pin, prereleases=True) for pin in pins[line.name] if pin
        ):
            yield Finding(
                where=name,
                message=f"locks {line.name} {', '.join(sorted(pins[line.name]))}, and {_manifest(name)} "
                f"asks for {line.requirement.specifier}",
            )


def _agree(read: Mapping[str, list[Line]]) -> Iterator[Finding]:
    """Locks of one folder are installed together: one set of versions for each package."""
    first: dict[tuple[str, str], tuple[str, set[str]]] = {}
    for name, lock in read.items():
        pins: dict[str, set[str]] = {}
        for line in lock:
            if line.pinned:
                pins.setdefault(line.name, set()).add(line.pinned)
        for package, versions in pins.items():
            other, others = first.setdefault((posixpath.dirname(name), package), (name, versions))
            if versions != others:
                yield Finding(
                    where=name,
                    message=f"locks {package} {_all(versions)}, and {other} {_all(others)}",
                )


def _all(versions: set[str]) -> str:
    return ", ".join(sorted(versions))


def _npm(name: str, text: str, texts: Mapping[str, str]) -> Iterator[Finding]:
    manifest, place = _json(text), posixpath.join(posixpath.dirname(name), "package-lock.json")
    if not any(manifest.get(kind) for kind in _KINDS):
        return
    if place not in texts:
        yield Finding(where=name, message="has dependencies and no package-lock.json beside it")
        return
    packages = _json(texts[place]).get("packages")
    if not isinstance(packages, dict) or not isinstance(packages.get(""), dict):
        yield Finding(where=place, message="has no packages of lock version 2 or later")
        return
    for key in ("name", "version", "engines", *_KINDS):
        if packages[""].get(key) != manifest.get(key):
            yield Finding(where=place, message=f"its {key} differ from those of {name}")
    for path, entry in packages.items():
        yield from _entry(place, path, entry, packages)


def _entry(place: str, path: str, entry: Mapping[str, Any], packages: Mapping[str, Any]) -> Iterator[Finding]:
    if "://" in str(entry.get("resolved", "")):
        yield Finding(
            where=place,
            message=f"{path or 'the root'} has a resolved address, so it works with one registry only",
        )
    if path and not entry.get("link") and not entry.get("inBundle") and not entry.get("integrity"):
        yield Finding(where=place, message=f"{path} has no integrity hash")
    elif path and entry.get("integrity") and not any(map(_WHOLE.fullmatch, str(entry["integrity"]).split())):
        yield Finding(where=place, message=f"{path} has an integrity that is no whole SHA-512")
    for kind in ("dependencies", "optionalDependencies"):
        for wanted in entry.get(kind, {}):
            if not any(f"{start}node_modules/{wanted}" in packages for start in _starts(path)):
                what = "a platform's native part" if kind == "optionalDependencies" else "a dependency"
                yield Finding(where=place, message=f"{wanted}, {what} of {path or 'the root'}, is not locked")


def _starts(path: str) -> Iterator[str]:
    """Where npm looks for a package's dependencies: inside it, then in each folder above."""
    parts = path.split("/node_modules/") if path else []
    for count in range(len(parts), 0, -1):
        yield "/node_modules/".join(parts[:count]) + "/"
    yield ""


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
