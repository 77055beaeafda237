"""What the engine kind takes for the end of a command, and what for kubectl's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind.execution import execute
from pytest_saas_validate.engines.kind.idle import idle_pod
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.process.runner import NOT_FOUND, TIMED_OUT

Fake = Callable[[str, Mapping[str, str]], None]


def test_the_end_of_a_command_is_its_own(fake: Fake, kubeconfig: Path) -> None:
    fake("kubectl", {"*": "echo no such table >&2; echo command terminated with exit code 3 >&2; exit 3"})
    ended = execute(Kubectl(kubeconfig), "pod/a", "main", "psql")
    assert (ended.code, ended.stderr) == (3, b"no such table\n")
    fake("kubectl", {"*": "printf half >&2; echo command terminated with exit code 1 >&2; exit 1"})
    assert execute(Kubectl(kubeconfig), "pod/a", "main", "psql").stderr == b"half"


@pytest.mark.parametrize(
    "said",
    [
        "error: unable to upgrade connection: container not found",
        "Error from server: Internal error occurred: failed to connect",
        'Error from server (NotFound): pods "a" not found',
        "command terminated with exit code 3",  # somebody's output, and the connection was lost behind it
    ],
)
def test_a_command_that_never_ran_is_no_run(fake: Fake, kubeconfig: Path, said: str) -> None:
    fake("kubectl", {"*": f"echo '{said}' >&2; exit 1"})
    with pytest.raises(BootError, match="could not run a command in pod/a"):
        execute(Kubectl(kubeconfig), "pod/a", "main", "true")


@pytest.mark.parametrize(
    "said",
    [
        'exec failed: exec: "psql": executable file not found in $PATH',
        'exec failed: exec: "/bin/psql": stat /bin/psql: no such file or directory',
        "executable file `psql` not found in $PATH: No such file or directory",
    ],
)
def test_a_program_that_is_not_there_is_an_end_of_its_own(fake: Fake, kubeconfig: Path, said: str) -> None:
    (kubeconfig.parent / "said").write_text(f"error: Internal error occurred: {said}\n")
    fake(
        "kubectl", {"*": f'while read -r line; do echo "$line" >&2; done < {kubeconfig.parent}/said; exit 1'}
    )
    assert execute(Kubectl(kubeconfig), "pod/a", "main", "psql").code == NOT_FOUND


def test_a_command_that_takes_too_long_is_one_that_ran(fake: Fake, kubeconfig: Path) -> None:
    fake("kubectl", {"*": "while :; do :; done"})
    assert execute(Kubectl(kubeconfig), "pod/a", "main", "true", timeout=0.1).code == TIMED_OUT


def test_nothing_runs_in_a_pod_that_waits() -> None:
    container = {"name": "night", "image": "i", "command": ["dump"], "args": ["--all"]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    pod = idle_pod("saas-idle-night", "saas-1", template)
    (waiting,) = pod["spec"]["containers"]
    assert waiting == {"name": "night", "image": "i", "command": ["sleep", "infinity"], "args": []}
    assert pod["metadata"]["labels"] == {"a": "b"}
