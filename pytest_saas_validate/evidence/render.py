"""What a render holds, and what becomes of it when it is made again or otherwise, as checks see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_saas_validate.combos import Feature
from pytest_saas_validate.project import File


@dataclass(frozen=True)
class Fault:
    """One thing that a reader, a parser or a comparison stumbled over."""

    where: str  # "backend/app/main.py:12"
    message: str
    source: str = ""  # its place in the template, where a render of its own shows it


@dataclass(frozen=True)
class Rendered:
    """The files of one project, which known features are off in it, and what it was asked."""

    files: Mapping[str, File]
    off: tuple[Feature, ...]
    options: tuple[str, ...] = ()  # names of the answered options
    empty: tuple[str, ...] = ()  # folders without any file below them
    name: str = ""  # of the folder that holds it all


@dataclass(frozen=True)
class Parsed:
    """What the parsers of data formats said, and the oldest Python that the project promises to run on."""

    faults: tuple[Fault, ...]
    python: tuple[int, int] | None
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class PythonModules:
    """What Python's parser said, what files ask of the language, and imports of own modules that fail."""

    faults: tuple[Fault, ...]
    needs: Mapping[str, tuple[int, int]]  # only files that the oldest known grammar refuses
    unresolved: tuple[Fault, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scripts:
    """What the shells and make said when they read a script without running it."""

    faults: tuple[Fault, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class WebModules:
    """What node's parser said of JavaScript and TypeScript, and relative imports that fail."""

    faults: tuple[Fault, ...]
    unresolved: tuple[Fault, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecretsInCode:
    """Places in programs that gitleaks takes for a secret; never the secret itself."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class SecretsInData:
    """The same, in locks and other data."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class SecretsInText:
    """The same, in all other files."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Passwords:
    """Places with a password that is no placeholder; never the password itself."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Swallowed:
    """Files of the project that its own ignore rules keep out of version control."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Locks:
    """Requirement files, npm manifests and their locks; the project's table names the `named`."""

    texts: Mapping[str, str]
    named: tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    """One render: its answers, its features, and a digest of each file, what records the answers left out."""

    combo: str
    answers: Mapping[str, str]
    features: frozenset[str]
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Pair:
    """Two renders that differ in one answer only."""

    option: str
    feature: str  # empty when the option is not a switch
    one: Shape  # the switch is on here
    other: Shape
    promised: bool = True  # the template says of the switch that it decides which files there are


@dataclass(frozen=True)
class Effects:
    """What each option changes, and what the hooks did."""

    pairs: tuple[Pair, ...]
    inert: tuple[str, ...]  # free text that changes nothing
    removed: tuple[str, ...]  # files of the template with a plain name that some render lacks
    hooks: tuple[str, ...]  # hooks that cookiecutter runs
    prunes: bool  # the post hook holds words that remove files
    strays: tuple[Fault, ...]  # hooks that cookiecutter never runs
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rebaked:
    """Where a second bake differs from the first, and where a later one would."""

    combos: tuple[str, ...]
    differences: tuple[Fault, ...]
    dated: tuple[Fault, ...]


@dataclass(frozen=True)
class Hostile:
    """What became of answers that break careless templates."""

    refused: tuple[str, ...]
    accepted: tuple[str, ...]
    crashed: tuple[Fault, ...]  # no render, and no sentence either
    broken: tuple[Fault, ...]  # rendered, but wrong
    outside: tuple[Fault, ...]  # written beside the output folder
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostileAlone(Hostile):
    """The same of answers to one variable alone."""


@dataclass(frozen=True)
class Partial:
    """Places where the default of a free text stands although another answer was given."""

    faults: tuple[Fault, ...]
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Switchlike:
    """Free texts that stand for yes or no, and what another word counted as."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class HookTrials:
    """What became of a render whose hooks ran twice, or had less around them."""

    repeated: tuple[Fault, ...]  # a second run failed or changed something
    dependent: tuple[Fault, ...]  # without network or programs it failed, or gave another project
    strays: tuple[Fault, ...]  # left outside of the project
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Eaten:
    """Files of a template that its own repository ignores."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Documents:
    """Lines of each Markdown file, and how many all of them may have."""

    lines: Mapping[str, int]
    limit: int
