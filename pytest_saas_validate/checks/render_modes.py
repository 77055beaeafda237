"""TR: what may be executed, and what is called as if it could be."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.render import Rendered
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
_CHANGE = re.compile(r"\bcd\s+([\w./-]+)\s*&&")


@check(
    "TR007",
    severity=Severity.MEDIUM,
    title="Executable files and shebangs belong together, and called scripts can be called",
    remedy="set or clear the executable bit of the file in the template, or call it through an interpreter",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def modes(rendered: Rendered) -> Iterator[Finding]:
    """The mode and first line of every file, and each script that a Makefile or a workflow calls."""
    for name, file in rendered.files.items():
        shebang = file.content.startswith(b"#!")
        if shebang and not file.executable:
            yield Finding(where=name, message="begins with a shebang but is not executable")
        elif file.executable and not shebang and file.text is not None:
            yield Finding(where=name, message="is executable but has no shebang")
        if _MAKEFILE.search(name):
            yield from _calls(rendered, name, posixpath.dirname(name), recipes=True)
        elif _WORKFLOW.search(name):
            yield from _calls(rendered, name, "", recipes=False)


def _calls(rendered: Rendered, name: str, home: str, *, recipes: bool) -> Iterator[Finding]:
    for number, line in enumerate((rendered.files[name].text or "").splitlines(), 1):
        if recipes and not line.startswith("\t"):
            continue
        moved = _CHANGE.search(line)
        folder = posixpath.join(home, moved.group(1)) if moved else home
        for pattern in (_DIRECT, _THROUGH):
            for match in pattern.finditer(line.strip()):
                script = posixpath.normpath(posixpath.join(folder, match.group(1)))
                target = rendered.files.get(script)
                if target is None:
                    yield Finding(where=f"{name}:{number}", message=f"calls {script}, which is not there")
                elif pattern is _DIRECT and not target.executable:
                    yield Finding(
                        where=f"{name}:{number}", message=f"calls {script} directly, and it is not executable"
                    )
