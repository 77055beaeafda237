"""What Dockerfiles take from their build contexts, and what an ignore file keeps from them."""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_saas_validate.evidence.render_calls import COMPOSE, DOCKERFILE, read
from pytest_saas_validate.evidence.render_ignore import parents
from pytest_saas_validate.project import File

_MOUNT = re.compile(r"--mount=(\S+)")


@dataclass(frozen=True)
class Build:
    """One way to build an image."""

    dockerfile: str
    context: str  # "" is the project's root
    target: str = ""
    where: str = ""


@dataclass
class _Stage:
    """What is known of a stage: its working folder, and which of its paths come from the context."""

    name: str
    folder: str = "/"
    origins: dict[str, str] = field(default_factory=dict)

    def place(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self.folder, path))

    def origin(self, path: str) -> str | None:
        """Where a path of the stage comes from; None when something in the stage may have made it."""
        for place in (path, *parents(path)):
            if place in self.origins:
                return posixpath.normpath(posixpath.join(self.origins[place], posixpath.relpath(path, place)))
        return None


def builds(files: Mapping[str, File]) -> Iterator[Build]:
    """Every Dockerfile with its context: as compose files say, else the folder that it lies in."""
    told: set[str] = set()
    for name, file in files.items():
        if COMPOSE.search(name):
            home = posixpath.dirname(name)
            for service, body in (read(file.text or "").get("services") or {}).items():
                build = body.get("build") if isinstance(body, dict) else None
                build = {"context": build} if isinstance(build, str) else build
                if not isinstance(build, dict) or re.search(r"\$|://", str(build.get("context", "."))):
                    continue
                context = join(home, str(build.get("context", ".")))
                dockerfile = join(context, str(build.get("dockerfile", "Dockerfile")))
                told.add(dockerfile)
                yield Build(dockerfile, context, str(build.get("target", "")), f"{name}: {service}")
    for name in files:
        if DOCKERFILE.search(name) and name not in told:
            yield Build(name, posixpath.dirname(name))


def join(*parts: str) -> str:
    """A path below the project's root, which is the empty one."""
    path = posixpath.normpath(posixpath.join(*parts))
    return "" if path == "." else path


class Context:
    """The files that a build can take."""

    def __init__(self, build: Build, files: Mapping[str, File]) -> None:
        start = f"{build.context}/" if build.context else ""
        own = f"{build.dockerfile}.dockerignore"
        self.ignore = own if own in files else f"{start}.dockerignore"
        file = files.get(self.ignore)
        self.rules = list(_rules((file.text if file else "") or ""))
        self.every = [name[len(start) :] for name in files if name.startswith(start)]
        self.left = [name for name in self.every if not self._ignored(name)]

    def _ignored(self, path: str) -> bool:
        ignored = False
        for _, pattern, excepted in self.rules:
            if any(pattern.fullmatch(place) for place in (path, *parents(path))):
                ignored = not excepted
        return ignored

    def has(self, source: str) -> bool:
        """Whether something is there to be taken, by name or pattern."""
        return _among(source, self.left)

    def swallows(self, source: str) -> bool:
        """Whether the ignore file keeps it away."""
        return not self.has(source) and _among(source, self.every)

    def idle(self) -> Iterator[tuple[int, str]]:
        """Exceptions of the ignore file that fit no file."""
        places = {place for name in self.every for place in (name, *parents(name))}
        for number, pattern, excepted in self.rules:
            if excepted and not any(pattern.fullmatch(place) for place in places):
                yield number, pattern.pattern


def _among(source: str, names: Sequence[str]) -> bool:
    wanted = join(source.lstrip("/"))
    return not wanted or any(
        fnmatch.fnmatchcase(place, wanted) for name in names for place in (name, *parents(name))
    )


def _rules(text: str) -> Iterator[tuple[int, re.Pattern[str], bool]]:
    for number, line in enumerate(text.splitlines(), 1):
        rule = line.strip()
        if rule and not rule.startswith("#"):
            path = posixpath.normpath(rule.lstrip("!")).lstrip("/")
            regex = re.escape(path).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
            regex = regex.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
            yield number, re.compile(regex), rule.startswith("!")


def absent(build: Build, text: str, context: Context) -> Iterator[tuple[int, str]]:
    """Line and sentence of everything that a Dockerfile takes and that is not there."""
    stages = [_Stage("")]
    for number, line in _instructions(text):
        word, _, rest = line.partition(" ")
        word, stage = word.upper(), stages[-1]
        if word == "FROM":
            named = re.search(r"\sAS\s+(\S+)", rest, re.I)
            base = next((s for s in stages if s.name and s.name == rest.split()[0].lower()), None)
            made = _Stage(named.group(1).lower() if named else "", "/" if base is None else base.folder)
            made.origins.update(base.origins if base else {})
            stages.append(made)
        elif word == "WORKDIR":
            stage.folder = stage.place(rest.strip())
        elif word in ("COPY", "ADD"):
            yield from ((number, message) for message in _copied(rest, stage, stages, context))
        elif word == "RUN":
            yield from ((number, message) for message in _mounted(rest, context))
    names = [stage.name for stage in stages]
    if build.target and build.target.lower() not in names:
        yield 1, f"has no stage {build.target}, which {build.where} builds"


def _copied(rest: str, stage: _Stage, stages: list[_Stage], context: Context) -> Iterator[str]:
    flags = dict(re.findall(r"--([\w-]+)=(\S+)", rest))
    words = [word for word in _listed(rest) if not word.startswith("--")]
    if len(words) < 2 or any(re.search(r"\$|://|^<<", word) for word in words):
        return
    *sources, target = words
    other = flags.get("from", "")
    known = next((s for s in stages if s.name and s.name == other.lower()), None)
    if other and known is None:
        if not other.isdigit() and not re.search(r"[/:.]", other) and other not in ("scratch",):
            yield f"copies from the stage {other}, which is not there"
        return
    for source in sources:
        found = known.origin(known.place("/" + source.lstrip("/"))) if known else source
        if found is None or (known and "*" in source):
            continue
        origin: str = found
        optional = "*" in origin and len(sources) > 1  # as a lock that need not be there is copied
        if not context.has(origin) and not optional:
            why = f"which {context.ignore} keeps away" if context.swallows(origin) else "which is not there"
            yield f"copies {source}, {why}"
        several = len(sources) > 1 or target.endswith("/") or target in (".", "./")
        folder = any(name.startswith(f"{join(origin)}/") for name in context.every)
        end = posixpath.join(target, posixpath.basename(origin)) if several and not folder else target
        if "*" not in origin:
            stage.origins[stage.place(end)] = origin


def _mounted(rest: str, context: Context) -> Iterator[str]:
    for mount in _MOUNT.findall(rest):
        pairs = (part.partition("=") for part in mount.split(","))
        told: dict[str, str] = {key: value for key, _, value in pairs}
        if told.get("type", "bind") != "bind" or "from" in told:
            continue
        source = told.get("source", told.get("src", "."))
        target = told.get("target", told.get("dst", ""))
        if "$" in source or not target:
            continue
        used = re.findall(rf"(?<![\w/]){re.escape(target.rstrip('/'))}/([\w./-]+)", rest)
        for path in (source, *(posixpath.join(source, each) for each in used)):
            if not context.has(path):
                why = f"which {context.ignore} keeps away" if context.swallows(path) else "which is not there"
                yield f"mounts {path}, {why}"


def _listed(rest: str) -> list[str]:
    plain = re.sub(r"--[\w-]+=\S+\s*", "", rest).strip()
    if plain.startswith("["):
        try:
            return [str(word) for word in json.loads(plain)]
        except ValueError:
            return []
    return plain.split()


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines without comments."""
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and not pending):
            continue
        start = start or number
        if line.rstrip().endswith("\\"):
            pending += line.rstrip()[:-1] + " "
            continue
        yield start, (pending + line).strip()
        pending, start = "", 0
