"""Evidence about hostile answers to one variable alone: one with a format, or of a feature that is off."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_saas_validate.bake import BakeError
from pytest_saas_validate.evidence.render import Fault, HostileAlone
from pytest_saas_validate.findings import Subject
from pytest_saas_validate.probes import Probe, Renders
from pytest_saas_validate.probes.render_hostile import LEGAL, NOTHING, risky, taken
from pytest_saas_validate.probes.render_trials import Trials, last
from pytest_saas_validate.probes.render_variables import Text, barest, fullest, texts

# Both kinds of trials may be made at the same time: each looks for a folder of its own.
_ESCAPED, _TAKEN = "saasvalidatealone", "saasvalidatetaken"
_FORGOTTEN = (
    "other scripts",
    "a number",
    "a word of YAML",
    "great length",
    "nothing",
    "a path",
    "a line break",
)
_VANISH = "vanish.example"


def _alone(renders: Renders) -> HostileAlone:
    variables = texts(renders.template)
    if not variables:
        return HostileAlone((), (), (), (), (), (NOTHING,))
    free = taken(Trials(renders, fullest(renders), variables, _TAKEN))
    full = Trials(renders, fullest(renders), variables, _ESCAPED)
    for name in full.free if free else ():
        if name not in free:
            _try_format(full, name)
    for text in variables:
        if text.derived:
            _try_format(full, text.name)
    bare = Trials(renders, barest(renders), variables, _ESCAPED)
    for text in variables:
        owners = [name for name in sorted(fullest(renders).features) if _within(name, text.name)]
        if owners:
            _vanish(bare, text, owners)
    return HostileAlone(**{name: full.outcome[name] + bare.outcome[name] for name in full.outcome})


def _try_format(trials: Trials, name: str) -> None:
    """A variable with a format refuses an apostrophe: then only what formats forget is tried."""
    strict = not trials.attempt("an apostrophe", {name: LEGAL["an apostrophe"]})
    others = {**LEGAL, "a number": "123", "a word of YAML": "null", **risky(_ESCAPED)}
    for label, value in others.items():
        if label in _FORGOTTEN or not strict:
            trials.attempt(label, {name: value})


def _within(feature: str, variable: str) -> bool:
    """Whether a variable's name says that it belongs to a feature, word by word."""
    return f"_{feature}_" in f"_{variable}_"


def _vanish(trials: Trials, text: Text, features: Sequence[str]) -> None:
    """An answer that belongs to a switched-off feature must leave no trace."""
    where = f"{text.name} although {', '.join(features)} is off"
    try:
        project = trials.renders.again(trials.combo, **{text.name: f"https://quartz@{_VANISH}/1"})
    except BakeError as problem:
        if trials.blamed(str(problem), {text.name: _VANISH}):
            trials.refused.append(where)
        else:
            trials.crashed.append(Fault(where, last(problem)))
        return
    trials.accepted.append(where)
    trials.broken += [
        Fault(name, f"holds the answer to {where}", project.origins.get(name, ""))
        for name, file in project.files.items()
        if _VANISH in (file.text or "")
    ]


ALONE = Probe(evidence=HostileAlone, subject=Subject.TEMPLATE, gather=_alone, seconds=1.5)
