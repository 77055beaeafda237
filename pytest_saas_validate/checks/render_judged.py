"""TR: what public judges say of a render's files."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.checks.per_fault import per_fault
from pytest_saas_validate.evidence.render_judged import ByHadolint, ByRuff, BySchema, ByShellcheck
from pytest_saas_validate.findings import Finding, Severity, Subject, check


@check(
    "TR025",
    severity=Severity.HIGH,
    title="Workflows, compose files and the like keep to their published schemas",
    why="the service that reads the file refuses all of it, at the first push",
    remedy="spell the key as the schema does, and look at the conditions around it in the template",
    wants=BySchema,
    subject=Subject.PROJECT,
)
def schemas(found: BySchema) -> Iterator[Finding]:
    """Workflows, actions, dependabot, compose and Read the Docs, by check-jsonschema."""
    yield from per_fault(found.faults)


@check(
    "TR026",
    severity=Severity.MEDIUM,
    title="hadolint finds no error in Dockerfiles",
    why="the image is not built, or not as it reads",
    remedy="mend the instruction; https://github.com/hadolint/hadolint/wiki explains each rule",
    wants=ByHadolint,
    subject=Subject.PROJECT,
)
def dockerfiles(found: ByHadolint) -> Iterator[Finding]:
    """Every Dockerfile, without matters of taste."""
    yield from per_fault(found.faults)


@check(
    "TR027",
    severity=Severity.MEDIUM,
    title="shellcheck finds no error in scripts",
    why="the script does something else than it says, with some input",
    remedy="mend the line; https://www.shellcheck.net/wiki explains each rule",
    wants=ByShellcheck,
    subject=Subject.PROJECT,
)
def scripts(found: ByShellcheck) -> Iterator[Finding]:
    """Every script for sh and bash."""
    yield from per_fault(found.faults)


@check(
    "TR028",
    severity=Severity.HIGH,
    title="Every name that Python code uses is defined",
    why="the program ends with a NameError when it comes to that line, in this combination only",
    remedy="put the import under the same switch as its use; look at the conditions around both",
    wants=ByRuff,
    subject=Subject.PROJECT,
)
def names(found: ByRuff) -> Iterator[Finding]:
    """Names, and statements that cannot be meant, by ruff."""
    yield from per_fault(found.faults)
