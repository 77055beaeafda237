"""When the engine kind takes a namespace for ready, and when it gives up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from pytest_saas_validate.engines import BootError
from pytest_saas_validate.engines.kind import readiness
from pytest_saas_validate.engines.kind.kubectl import Kubectl
from pytest_saas_validate.engines.kind.readiness import Unrunnable, _lacks, _stuck, wait
from pytest_saas_validate.process import Run


def workload(kind: str, status: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    about = {"name": "x", "generation": 2}
    return {"kind": kind, "metadata": about, "spec": {"replicas": 2, **spec}, "status": status}


def replicas(generation: int, updated: int, ready: int, total: int) -> dict[str, int]:
    numbers = {"updatedReplicas": updated, "readyReplicas": ready, "replicas": total}
    return {"observedGeneration": generation, **numbers}


def daemons(generation: int, wanted: int, ready: int) -> dict[str, int]:
    numbers = {"desiredNumberScheduled": wanted, "currentNumberScheduled": wanted}
    numbers |= {"updatedNumberScheduled": wanted, "numberReady": ready}
    return {"observedGeneration": generation, **numbers}


@pytest.mark.parametrize(
    ("found", "ready"),
    [
        (workload("Deployment", replicas(2, 2, 2, 2)), True),
        (workload("Deployment", replicas(1, 2, 2, 2)), False),
        (workload("Deployment", replicas(2, 2, 2, 3)), False),
        (workload("StatefulSet", replicas(2, 1, 2, 2)), False),
        (workload("Job", {"conditions": [{"type": "Complete", "status": "True"}]}), True),
        (workload("Job", {}), False),
        (workload("Job", {}, suspend=True), True),
        (workload("DaemonSet", daemons(2, 3, 3)), True),
        (workload("DaemonSet", daemons(2, 3, 2)), False),
        (workload("DaemonSet", daemons(1, 3, 3)), False),
        (workload("DaemonSet", daemons(2, 0, 0)), True),
        (workload("Pod", {"phase": "Pending"}), False),
        (workload("Pod", {"phase": "Succeeded"}), True),
        (workload("Pod", {"conditions": [{"type": "Ready", "status": "True"}]}), True),
    ],
)
def test_when_something_is_ready(found: Mapping[str, Any], ready: bool) -> None:
    assert (not list(_lacks(found))) is ready


def test_a_job_that_failed_ends_the_wait() -> None:
    failed = workload("Job", {"conditions": [{"type": "Failed", "status": "True", "message": "too often"}]})
    with pytest.raises(BootError, match="job/x failed: too often"):
        list(_lacks(failed))


def test_a_pod_that_cannot_start_says_why() -> None:
    waiting = {"state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
    pod = workload("Pod", {"containerStatuses": [waiting]})
    refused = {
        "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "violates PodSecurity"}]
    }
    found = dict(_stuck([pod, workload("ReplicaSet", refused)]))
    assert found == {"pod/x": "ErrImagePull: not found", "replicaset/x": "violates PodSecurity"}


def test_a_rollout_says_what_it_waits_for() -> None:
    found = dict(_lacks(workload("Deployment", replicas(2, 1, 2, 3))))
    assert found == {"deployment/x": "of 2 pods 1 are updated and 2 ready, and there are 3"}
    found = dict(_lacks(workload("Deployment", replicas(1, 2, 2, 2))))
    assert found == {"deployment/x": "its last change is not seen yet"}


def test_a_pod_of_nobody_that_failed_ends_the_wait() -> None:
    with pytest.raises(BootError, match="pod/x failed: evicted"):
        list(_lacks(workload("Pod", {"phase": "Failed", "message": "evicted"})))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time of its own: each pause is twenty seconds."""

    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += 20

    monkeypatch.setattr(readiness, "time", Clock())


class Server:
    """Says the same each time, or what comes next."""

    def __init__(self, *answers: Sequence[Mapping[str, Any]]) -> None:
        self.answers = list(answers)

    def get(self, *words: str) -> Any:
        return {"items": self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]}

    def ended(self, *words: str) -> Run:
        return Run(argv=words, code=0, stdout=b"starting\nno database\n")


def waited(*answers: Sequence[Mapping[str, Any]], **more: Any) -> None:
    wait(cast(Kubectl, Server(*answers)), **more)


READY = workload("Pod", {"conditions": [{"type": "Ready", "status": "True"}]})


def pod_that_waits(reason: str, message: str = "", last: str = "") -> Mapping[str, Any]:
    part = {"state": {"waiting": {"reason": reason, "message": message}}}
    if last:
        part["lastState"] = {"terminated": {"exitCode": 7, "reason": last}}
    return workload("Pod", {"phase": "Pending", "containerStatuses": [part]})


@pytest.mark.usefixtures("clock")
def test_a_pod_that_begins_again_and_again_has_the_whole_time() -> None:
    loops = pod_that_waits("CrashLoopBackOff", "back-off 40s", "Error")
    waited(*[[loops]] * 5, [READY])
    words = r"after 240 s: pod/x: CrashLoopBackOff: back-off 40s \(exit code 7; Error\); it said last: no"
    with pytest.raises(BootError, match=words):
        waited([loops])
    with pytest.raises(BootError, match="pod/x does not start: CrashLoopBackOff"):
        waited([loops], pods=["x"])


def test_the_same_words_are_said_once() -> None:
    part = {"state": {"waiting": {"reason": "RunContainerError", "message": "no python"}}}
    part["lastState"] = {"terminated": {"exitCode": 128, "message": "no python"}}
    assert dict(_stuck([workload("Pod", {"containerStatuses": [part]})])) == {
        "pod/x": "RunContainerError: no python"
    }


@pytest.mark.usefixtures("clock")
def test_an_image_that_cannot_be_pulled_ends_the_wait_after_a_while() -> None:
    lacks = pod_that_waits("ImagePullBackOff", "not found")
    waited([lacks], [lacks], [READY])
    with pytest.raises(BootError, match="pod/x does not start: ImagePullBackOff: not found"):
        waited([lacks])


def test_a_program_that_an_image_lacks_ends_the_wait_at_once() -> None:
    with pytest.raises(Unrunnable, match="executable file not found"):
        waited([pod_that_waits("RunContainerError", 'exec: "python": executable file not found in $PATH')])


def test_what_a_cronjob_made_holds_nothing_up() -> None:
    def made_by(kind: str, name: str, each: Mapping[str, Any]) -> Mapping[str, Any]:
        owners = [{"kind": kind, "name": name}]
        return {**each, "metadata": {**each["metadata"], "name": f"{name}-1", "ownerReferences": owners}}

    failed = workload("Job", {"conditions": [{"type": "Failed", "status": "True"}]})
    lacks = pod_that_waits("InvalidImageName")
    timed = [made_by("CronJob", "night", failed), made_by("Job", "night-1", lacks)]
    waited([*timed, READY])
    with pytest.raises(BootError, match="failed"):
        waited([failed, READY])
