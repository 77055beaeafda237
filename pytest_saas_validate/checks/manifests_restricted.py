"""KS: the level `restricted` of the Pod Security Standards, of every pod, and of the namespace it lies in."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_saas_validate.evidence.manifests import Manifests, Object, Overlay, Pod, dig, mapping, rows, words
from pytest_saas_validate.findings import Finding, Severity, Subject, check

_ENFORCE = "pod-security.kubernetes.io/enforce"
_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    }
)  # fmt: skip
_SECCOMP = ("RuntimeDefault", "Localhost")


@check(
    "KS002",
    severity=Severity.HIGH,
    title="Every pod satisfies the Pod Security level restricted, and its namespace enforces it",
    why="as root, or in a namespace of the node, a hole in the application is a hole in the node, and what "
    "is not enforced the next manifest undoes",
    remedy="runAsNonRoot: true, seccompProfile RuntimeDefault, allowPrivilegeEscalation: false, capabilities "
    "drop: [ALL]; label the namespace pod-security.kubernetes.io/enforce: restricted",
    wants=Manifests,
    subject=Subject.PROJECT,
    needs=("kubernetes",),
    url="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
)
def restricted(seen: Manifests) -> Iterator[Finding]:
    """Every pod template field by field, and the labels of the namespaces that they lie in."""
    for overlay in seen.overlays:
        yield from _namespaces(overlay)
        for pod in overlay.pods:
            for message in (*_shared(pod), *(m for c in pod.every for m in _container(c, pod))):
                yield Finding(where=pod.resource.where, message=message)


def _namespaces(overlay: Overlay) -> Iterator[Finding]:
    for name in dict.fromkeys(pod.resource.namespace for pod in overlay.pods):
        namespace = overlay.find(name, "", "Namespace") if name else None
        if namespace is None:
            where = f"namespace {name} is not among its objects" if name else "its pods name no namespace"
            yield Finding(where=overlay.path, message=f"{where}: nothing enforces a level")
            continue
        level = mapping(dig(namespace.content, "metadata", "labels")).get(_ENFORCE)
        if level != "restricted":
            yield Finding(where=namespace.where, message=f"{_ENFORCE} is {level or 'not set'}")


def _shared(pod: Pod) -> Iterator[str]:
    """What all containers of a pod have in common."""
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(name):
            yield f"{name} is true"
    context = mapping(pod.spec.get("securityContext"))
    yield from _profile(context, "the pod's")
    if str(context.get("runAsUser")) == "0":
        yield "runAsUser is 0"
    for sysctl in rows(context.get("sysctls")):
        if sysctl.get("name") not in _SYSCTLS:
            yield f"sets {sysctl.get('name')}, which is the node's"
    for volume in rows(pod.spec.get("volumes")):
        for kind in sorted(set(map(str, volume)) - {"name"} - _VOLUMES):
            yield f"volume {volume.get('name')} is a {kind}"


def _container(container: Object, pod: Pod) -> Iterator[str]:
    name = f"container {container.get('name')}"
    context = mapping(container.get("securityContext"))
    shared = mapping(pod.spec.get("securityContext"))
    if context.get("privileged"):
        yield f"{name} is privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation is {_said(context.get('allowPrivilegeEscalation'))}"
    non_root = context.get("runAsNonRoot", shared.get("runAsNonRoot"))
    if non_root is not True:
        yield f"{name}: runAsNonRoot is {_said(non_root)}"
    if str(context.get("runAsUser")) == "0":
        yield f"{name}: runAsUser is 0"
    if not dig(context, "seccompProfile") and not dig(shared, "seccompProfile"):
        yield f"{name}: seccompProfile is not set"
    yield from _profile(context, f"{name}'s")
    capabilities = mapping(context.get("capabilities"))
    if "ALL" not in words(capabilities.get("drop")):
        yield f"{name} keeps capabilities: drop is {_said(capabilities.get('drop'))}"
    for added in sorted(set(words(capabilities.get("add"))) - {"NET_BIND_SERVICE"}):
        yield f"{name} adds the capability {added}"
    if context.get("procMount", "Default") != "Default":
        yield f"{name}: procMount is {context.get('procMount')}"
    for port in rows(container.get("ports")):
        if port.get("hostPort"):
            yield f"{name} takes port {port.get('hostPort')} of the node"


def _profile(context: Object, whose: str) -> Iterator[str]:
    """Profiles that a context sets itself."""
    seccomp = dig(context, "seccompProfile")
    if seccomp and dig(seccomp, "type") not in _SECCOMP:
        yield f"{whose} seccompProfile is {_said(dig(seccomp, 'type'))}"
    if dig(context, "appArmorProfile", "type") == "Unconfined":
        yield f"{whose} appArmorProfile is Unconfined"
    if dig(context, "seLinuxOptions", "user") or dig(context, "seLinuxOptions", "role"):
        yield f"{whose} seLinuxOptions name a user or a role"
    if dig(context, "windowsOptions", "hostProcess"):
        yield f"{whose} windowsOptions ask for a process of the host"


def _said(value: object) -> str:
    return "not set" if value is None else str(value)
