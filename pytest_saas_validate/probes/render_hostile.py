"""Evidence about answers that break careless templates, given to all free texts together."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from pytest_saas_validate.evidence.render import Hostile
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, Renders
from pytest_saas_validate.probes.render_naming import TOGETHER
from pytest_saas_validate.probes.render_trials import Trials
from pytest_saas_validate.probes.render_variables import fullest, texts

NOTHING = "the template has no free text"
# Legal in most templates: tried together first, one by one only when something is wrong with all of them.
LEGAL = {
    "an apostrophe": "O'Brien & Sons",
    "other scripts": "Zoë 東京 café",
    "a leading digit": "3rd rail",
    "YAML syntax": "key: [a, # b",
}
_TOGETHER = "3rd O'Brien & Zoë 東京: [a, # b"
_WORDS = ("yes", "123", "null")  # what readers of YAML take for something else than text; each text has one
_ESCAPED = "saasvalidateescaped"  # the same in every kind of slug


def risky(escaped: str) -> Mapping[str, str]:
    """What few templates can render; a path leads to a folder of that name."""
    return {
        "double quotes": 'The "best" notes',
        "a backslash": "back\\slash \\n notes",
        "great length": "a very long name " * 6 + "of notes",  # a folder may still be called so
        "nothing": "",
        "a path": f"../../{escaped}",
        "a line break": "two\nlines",
        "a substitution": "$(id) `id` ${HOME}",
        "a tag": "</title><b>notes</b>",
    }


def taken(trials: Trials) -> Sequence[str]:
    """The free texts that take any legal answer; those that do not have a format."""
    answers = dict.fromkeys(trials.free, _TOGETHER)
    return trials.attempt("several at once", answers, who=TOGETHER, twice=True)


def _hostile(renders: Renders) -> Hostile:
    variables = texts(renders.template)
    if not variables:
        return Hostile((), (), (), (), (), (NOTHING,))
    trials = Trials(renders, fullest(renders), variables, _ESCAPED)
    free = taken(trials)
    if trials.wrong or not free:
        for label, value in LEGAL.items():
            trials.attempt(label, dict.fromkeys(trials.free, value), who=TOGETHER)
        free = free or trials.free
    words = {name: _WORDS[zlib.crc32(name.encode()) % len(_WORDS)] for name in free}
    words |= {text.name: _WORDS[-1] for text in variables if text.opposite and text.name in words}
    trials.attempt("a word of YAML", words, who=TOGETHER)
    for label, value in risky(_ESCAPED).items():
        trials.attempt(label, dict.fromkeys(free, value), who=TOGETHER)
    return Hostile(**trials.outcome)


HOSTILE = Probe(evidence=Hostile, subject=Subject.TEMPLATE, gather=_hostile, seconds=2.0)
