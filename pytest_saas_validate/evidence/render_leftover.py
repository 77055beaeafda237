"""What the template engine leaves behind when a file was not, or only half, rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_saas_validate.evidence.per_content import per_content

_KEYWORDS = (
    "if|elif|else|endif|for|endfor|raw|endraw|set|endset|macro|endmacro|block|endblock|include|import|from|"
    "extends|call|endcall|filter|endfilter|with|endwith|now|do|trans|endtrans|autoescape|endautoescape"
)
_SIGNS = ("{{", "{%", "%}", "{#", "cookiecutter")
# The project's own templates and pages, rendered when it runs, and notebooks with magic words.
_RUNTIME = re.compile(r"\.(?:j2|jinja2?|liquid|njk|ipynb|html?)$|(?:^|/)\w*templates/")


@per_content
def leftovers(path: str, text: str, options: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Line number and text of each remnant. `${{ … }}`, `{{ $value }}`, Go and Vue templates are none."""
    if not any(sign in text for sign in _SIGNS):  # nearly all files: a plain search is much faster
        return
    pattern = _pattern(options, bool(_RUNTIME.search(path)))
    for found in pattern.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found.group().strip()


def _pattern(options: tuple[str, ...], runtime: bool) -> re.Pattern[str]:
    arms = [
        r"\{\{[^{}\n]*\bcookiecutter\b[^{}\n]*(?:\}\})?",
        r"\{%[^%\n]*\bcookiecutter\b[^%\n]*(?:%\})?",
        r"\bcookiecutter\.[a-z]+_\w+",
        r"\bcookiecutter\[",
    ]
    if options:
        arms.append(rf"(?<!\$)\{{\{{-?\s*(?:{'|'.join(map(re.escape, options))})\b[^{{}}\n]*(?:\}}\}})?")
    if runtime:
        arms.append(r"\{%[-+]?\s*(?:end)?raw\b[^%\n]*(?:%\})?")
    else:
        arms += [
            rf"\{{%[-+]?\s*(?:{_KEYWORDS})\b[^%\n]*(?:%\}})?",
            r"(?<=[\s-])%\}",
            r"(?<![$\w])\{#-?\s.*",
        ]
    return re.compile("|".join(arms))
