"""TR: what may be executed, and what is called as if it could be."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from pytest_saas_validate.checks.per_fault import per_fault
from pytest_saas_validate.evidence.render import Rendered, Swallowed
from pytest_saas_validate.evidence.render_calls import Command, calls, commands
from pytest_saas_validate.evidence.render_ignore import Ignored
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_MAKEFILE = re.compile(r"(^|/)(GNUmakefile|[Mm]akefile|[\w.-]+\.mk)$")
_WORKFLOW = re.compile(r"(^|/)\.github/|(^|/)\.gitlab-ci\.yml$")
_SCRIPT = r"(?:\./)?[\w.-]+(?:/[\w.-]+)*\.(?:sh|bash|py)"
_DIRECT = re.compile(
    rf"(?:^|&&|\|\||[;|({{]|\bthen\b|\bdo\b|\brun:)\s*[@-]?\s*(?:\w+=\S*\s+)*({_SCRIPT})(?=\s|$|[;)&|])"
)
_THROUGH = re.compile(
    rf"(?<![\w/.-])(?:\w*sh|python[\d.]*)\"?\)?\s+(?:-[a-z]+\s+)*({_SCRIPT})(?=\s|$|[;)&|\"'])"
)
_INTERPRETER = re.compile(r"(^|/)(sh|bash|dash|node|python[\d.]*)$|PYTHON")
_RUNNABLE = re.compile(r"^(?:\.{0,2}/)?(?!.*[A-Z]{4,})[\w.-]+(?:/[\w.-]+)*\.(?:sh|bash|py|mjs|js)$")
_FETCHES = re.compile(r"\bgit\s+clone\b|\bcurl\s|\bwget\s|\btar\s+-?\w*x|\bunzip\s|^ADD\s+https?:", re.M)
_CHANGE = re.compile(r"\bcd\s+([\w./-]+)\s*&&")


@check(
    "TR007",
    severity=Severity.MEDIUM,
    title="Executable files and shebangs belong together, and called scripts can be called",
    why="a fresh clone and CI answer 'Permission denied', although it works for whoever once ran chmod",
    remedy="set or clear the executable bit of the file in the template, or call it through an interpreter",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def modes(rendered: Rendered) -> Iterator[Finding]:
    """The mode and first line of every file, and each script that a Makefile, a workflow, a hook, another
    script, an image, a compose file or a document calls."""
    for name, file in rendered.files.items():
        shebang = file.content.startswith(b"#!")
        if shebang and not file.executable:
            yield Finding(where=name, message="begins with a shebang but is not executable")
        elif file.executable and not shebang and file.text is not None:
            yield Finding(where=name, message="is executable but has no shebang")
        if _MAKEFILE.search(name):
            home = posixpath.dirname(name)
            homes = ("", home) if name.endswith(".mk") else (home,)
            yield from _calls(rendered, name, homes, recipes=True)
        elif _WORKFLOW.search(name):
            yield from _calls(rendered, name, ("",), recipes=False)
    for call in calls(rendered.files):
        place = call.where.rpartition(":")[0]
        if not _MAKEFILE.search(place) and not _WORKFLOW.search(place):
            for command in commands(call):
                yield from _called(rendered, command)


def _called(rendered: Rendered, command: Command) -> Iterator[Finding]:
    """The script that a command of any other file runs: itself, or through an interpreter."""
    words = command.words
    through = len(words) > 1 and bool(_INTERPRETER.search(words[0]))
    rest = [word for word in words[1:] if not word.startswith("-")]
    script = (rest[0] if rest and not {"-c", "-m", "-e"} & set(words) else "") if through else words[0]
    if not _RUNNABLE.match(script) or (not through and (command.prose or "/" not in script)):
        return
    places = [posixpath.normpath(posixpath.join(folder, script)) for folder in command.folders]
    if rendered.name:  # a document may start above the project
        places += [place.removeprefix(f"{rendered.name}/") for place in places]
    found = [place for place in places if place in rendered.files]
    image = "" if command.folders else rendered.files[command.where.rpartition(":")[0]].text or ""
    fetched = _FETCHES.search(image)  # then a script may be of what was fetched
    tail = "/" + script.removeprefix("./")
    if not found and not command.folders:  # inside of an image: wherever it comes from
        found = [name for name in rendered.files if f"/{name}".endswith(tail)]
    if not found and not fetched and not Ignored(rendered.files).covers(places[0] if places else script):
        yield Finding(where=command.where, message=f"calls {script}, which is not there")
    elif found and not through and not rendered.files[found[0]].executable:
        yield Finding(where=command.where, message=f"calls {script} directly, and it is not executable")


def _calls(rendered: Rendered, name: str, homes: Sequence[str], *, recipes: bool) -> Iterator[Finding]:
    for number, line in enumerate((rendered.files[name].text or "").splitlines(), 1):
        if recipes and not line.startswith("\t"):
            continue
        moved = _CHANGE.search(line)
        folders = [posixpath.join(home, moved.group(1)) if moved else home for home in homes]
        for pattern in (_DIRECT, _THROUGH):
            for match in pattern.finditer(line.strip()):
                places = [posixpath.normpath(posixpath.join(folder, match.group(1))) for folder in folders]
                script = next((place for place in places if place in rendered.files), places[-1])
                target = rendered.files.get(script)
                if target is None:
                    yield Finding(where=f"{name}:{number}", message=f"calls {script}, which is not there")
                elif pattern is _DIRECT and not target.executable:
                    yield Finding(
                        where=f"{name}:{number}", message=f"calls {script} directly, and it is not executable"
                    )


@check(
    "TR017",
    severity=Severity.HIGH,
    title="No file is swallowed by the project's own ignore rules",
    why="the file exists on its author's disk only: colleagues and CI get a clone without it",
    remedy="anchor the pattern with a slash, or except the file",
    wants=Swallowed,
    subject=Subject.PROJECT,
)
def swallowed(found: Swallowed) -> Iterator[Finding]:
    """Every file against every .gitignore, by git itself: what is ignored never reaches a colleague or CI."""
    yield from per_fault(found.faults)
