"""What a boot on a cluster looks at before it applies anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.boot import Boot, _first
from pytest_saas_validate.engines.kind.cluster import Cluster
from pytest_saas_validate.engines.kind.manifests import Manifests, secret_objects
from pytest_saas_validate.process import Workspace
from pytest_saas_validate.project import Project
from pytest_saas_validate.spec import Kubernetes


def needs(*keys: str) -> dict[str, Any]:
    variables = [
        {"name": key, "valueFrom": {"secretKeyRef": {"name": "api-secrets", "key": key}}} for key in keys
    ]
    pod = {"spec": {"containers": [{"name": "api", "image": "i", "env": variables}]}}
    return {"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": pod}}


def secret(**content: Any) -> dict[str, Any]:
    return {"kind": "Secret", "metadata": {"name": "api-secrets"}, **content}


def boot(kubeconfig: Path, workspace: Workspace, *objects: dict[str, Any]) -> Boot:
    made = Boot(cast(Project, None), Kubernetes(), (), workspace, Cluster(kubeconfig, "saas-7"), {})
    made.manifests = Manifests(objects)
    return made


def test_a_secret_is_there_by_all_that_give_it(kubeconfig: Path, workspace: Workspace) -> None:
    given = secret_objects("saas-1", {"api-secrets/DSN": "x"})
    both = secret(data={"URL": "eA=="}, stringData={"KEY": "x"})
    boot(kubeconfig, workspace, needs("URL", "KEY", "DSN"), both)._nothing_missing(given)
    with pytest.raises(BootError, match=r'api needs OTHER of Secret api-secrets; .* "api-secrets/OTHER" ='):
        boot(kubeconfig, workspace, needs("URL", "OTHER"), both)._nothing_missing(given)
    empty = secret(data=None)
    with pytest.raises(BootError, match="api needs URL"):
        boot(kubeconfig, workspace, needs("URL"), empty)._nothing_missing(())


def test_what_images_are_pulled_with_is_there_before_our_programs() -> None:
    pull = secret(type="kubernetes.io/dockerconfigjson")
    every = [{"kind": "Namespace"}, pull, secret(type="Opaque"), secret(), {"kind": "Service", "spec": {}}]
    assert [each for each in every if _first(each)] == every[:2]
