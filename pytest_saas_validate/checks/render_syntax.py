"""TR: whether what was rendered can be read by what will read it."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.checks.per_fault import per_fault
from pytest_saas_validate.evidence.render import Parsed, PythonModules, Scripts, WebModules
from pytest_saas_validate.findings import Finding, Severity, Subject, check


@check(
    "TR002",
    severity=Severity.HIGH,
    title="Every file parses by its kind",
    why="the file breaks at somebody's first install, build or start, in the one combination that nobody "
    "tried",
    remedy="mend the file's source in the template; look at the conditions around the line first",
    wants=(Parsed, PythonModules, Scripts, WebModules),
    subject=Subject.PROJECT,
)
def parses(parsed: Parsed, python: PythonModules, scripts: Scripts, modules: WebModules) -> Iterator[Finding]:
    """Python by the grammar of the oldest version that is promised, JSON, TOML, YAML (all documents, repeated
    keys), INI, XML, dotenv; shell scripts and Makefiles by their interpreters; web modules by node. Of style
    sheets, pages, SQL, Dockerfiles and nginx only that what begins ends."""
    yield from per_fault((*parsed.faults, *python.faults, *scripts.faults, *modules.faults))
    for name, needs in python.needs.items():
        if parsed.python is not None and needs > parsed.python:
            words = f"is written for Python {_dotted(needs)}, and {_dotted(parsed.python)} is promised"
            yield Finding(where=name, message=words)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


@check(
    "TR013",
    severity=Severity.HIGH,
    title="Imports of own modules lead somewhere",
    why="the program or the page ends with an import error as soon as it starts, often in one combination "
    "only",
    remedy="restore the module (did an ignore rule swallow it?), or import it only where its switch is on",
    wants=(PythonModules, WebModules),
    subject=Subject.PROJECT,
)
def imports(python: PythonModules, modules: WebModules) -> Iterator[Finding]:
    """Imports of own Python packages and the names they take; relative imports of web modules and pages."""
    yield from per_fault((*python.unresolved, *modules.unresolved))
