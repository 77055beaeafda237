"""TR: whether those who set variables and those who read them speak of the same ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pytest_saas_validate.checks.per_fault import per_fault
from pytest_saas_validate.evidence.render import Rendered
from pytest_saas_validate.evidence.render_addresses import addresses
from pytest_saas_validate.evidence.render_environment import EXAMPLE, declared, foreign, readers, settings
from pytest_saas_validate.findings import Finding, Severity, Subject, check


@check(
    "TR016",
    severity=Severity.HIGH,
    title="Variables that are set are read, what must be set is, and inner addresses lead to services",
    why="a setting under another name keeps its default without a word, and one that is missing ends the "
    "process when it starts",
    remedy="spell the name as the reader does, add it where it is missing, or remove it",
    wants=Rendered,
    subject=Subject.PROJECT,
)
def variables(rendered: Rendered) -> Iterator[Finding]:
    """Example files, compose services that are built here and ConfigMaps against the settings class and all
    other readers; hosts and ports of inner addresses against compose services and what images expose."""
    files, wanted = rendered.files, settings(rendered.files)
    read = readers(files) | (wanted.names if wanted else frozenset())
    given = list(declared(files))
    for one in given:
        if one.name not in read and not foreign(one.name):
            near = difflib.get_close_matches(one.name, sorted(wanted.names if wanted else read), 1)
            hint = f"; there is {near[0]}" if near else ""
            yield Finding(where=one.where, message=f"sets {one.name}, which nothing reads{hint}")
    if wanted is not None:
        groups = {one.group for one in given if one.backend or EXAMPLE.search(one.group)}
        for group in sorted(groups):
            has = {one.name for one in given if one.group == group}
            asked = wanted.names if EXAMPLE.search(group) else wanted.required
            for name in sorted(asked - has):
                need = "needs" if name in wanted.required else "reads"
                who = wanted.where.partition(":")[0]
                yield Finding(where=group, message=f"lacks {name}, which {who} {need}")
    yield from per_fault(dict.fromkeys(addresses(files)))
