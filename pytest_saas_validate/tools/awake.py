"""Whether a tool really judges: it lets its good sample pass and refuses its bad one."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_saas_validate.process import run, scratch
from pytest_saas_validate.process.runner import TIMED_OUT
from pytest_saas_validate.tools.catalogue import TOOLS
from pytest_saas_validate.tools.finding import find
from pytest_saas_validate.tools.tool import Sample

_SECONDS, _SERVER_SECONDS = 30.0, 4.0


def awake(name: str) -> str:
    """Why the tool cannot be believed; empty when both samples were judged rightly. Costs seconds."""
    tool = TOOLS[name]
    found = find(name)
    if found.path is None:
        return found.reason
    for kind, sample in (("good", tool.good), ("bad", tool.bad)):
        wrong = _judge(found.path, sample)
        if wrong:
            return f"{found.path} does not judge its {kind} sample rightly: {wrong}"
    return ""


def _judge(path: Path, sample: Sample) -> str:
    with scratch() as folder:
        for file, content in (sample.files or {}).items():
            (folder / file).write_text(content if isinstance(content, str) else content(), encoding="utf-8")
        words = [word.replace("{0}", str(folder)) for word in sample.argv]
        ended = run([path, *words], cwd=folder, timeout=_SERVER_SECONDS if sample.serves else _SECONDS)
    failed = not ended.ok
    if sample.serves:
        failed = ended.code != TIMED_OUT
    said = ended.text + ended.stderr.decode("utf-8", "replace")
    right = failed is sample.fails and re.search(sample.says, said)
    return "" if right else ended.explain()
