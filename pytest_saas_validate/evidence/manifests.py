"""What overlays build: the objects of each environment, and what is read of them whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_saas_validate.evidence.render import Fault

Object = Mapping[str, Any]
LASTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController")
_TEMPLATES = {
    **dict.fromkeys((*LASTING, "Job"), ("spec", "template")),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "PodTemplate": ("template",),
    "Pod": (),
}
_CLUSTER_WIDE = re.compile(
    r"^(Cluster\w+|CustomResourceDefinition|Namespace|PersistentVolume|\w+Class|APIService|Node|"
    r"(Validating|Mutating)\w+)$"
)
_OWN_GROUP = re.compile(
    r"^(apps|batch|autoscaling|policy|extensions|"
    r"(admissionregistration|apiextensions|apiregistration|authentication|rbac\.authorization|authorization|"
    r"certificates|coordination|discovery|events|flowcontrol\.apiserver|internal\.apiserver|networking|node|"
    r"resource|scheduling|storage|storagemigration)\.k8s\.io)$"
)


def mapping(value: Any) -> Object:
    """The value when it is a mapping; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def rows(value: Any) -> tuple[Object, ...]:
    """The mappings of a list; none when it is not a list."""
    return tuple(each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else ()


def words(value: Any) -> tuple[str, ...]:
    """The items of a list as text; none when it is not a list."""
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def dig(value: Any, *keys: str) -> Any:
    """What lies below these keys; None when anything on the way is not a mapping."""
    for key in keys:
        value = mapping(value).get(key)
    return value


@dataclass(frozen=True)
class Resource:
    """One object of an overlay."""

    overlay: str
    content: Object

    @property
    def api(self) -> str:
        """Group and version; empty when it says none."""
        return str(self.content.get("apiVersion") or "")

    @property
    def group(self) -> str:
        """The API's group; empty for the core's."""
        return self.api.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """Its kind; empty when it says none."""
        return str(self.content.get("kind") or "")

    @property
    def name(self) -> str:
        """Its name; empty when it has none."""
        return str(dig(self.content, "metadata", "name") or "")

    @property
    def namespace(self) -> str:
        """Its namespace; empty when it says none, or is of the whole cluster."""
        return "" if self.cluster_wide else str(dig(self.content, "metadata", "namespace") or "")

    @property
    def cluster_wide(self) -> bool:
        """Whether it lies in no namespace."""
        return bool(_CLUSTER_WIDE.match(self.kind))

    @property
    def built_in(self) -> bool:
        """Whether its group is one of Kubernetes itself, so that its schema is known."""
        return not self.group or bool(_OWN_GROUP.match(self.group))

    @property
    def where(self) -> str:
        """For a finding."""
        return f"{self.overlay}: {self.kind or 'object'} {self.name or 'without a name'}"

    @property
    def scaled(self) -> tuple[str, str]:
        """Kind and name of what it scales; both empty when it scales nothing."""
        target = mapping(self.spec.get("scaleTargetRef"))
        return str(target.get("kind") or ""), str(target.get("name") or "")

    @property
    def spec(self) -> Object:
        """Its wishes; empty when it has none."""
        return mapping(self.content.get("spec"))


@dataclass(frozen=True)
class Pod:
    """The description of pods in an object that makes some, or is one."""

    resource: Resource
    template: Object

    @property
    def spec(self) -> Object:
        """What its containers share."""
        return mapping(self.template.get("spec"))

    @property
    def labels(self) -> Object:
        """What selectors see."""
        return mapping(dig(self.template, "metadata", "labels"))

    @property
    def lasting(self) -> bool:
        """Whether it is to run until it is asked to end."""
        return self.resource.kind in LASTING

    @property
    def containers(self) -> tuple[Object, ...]:
        """Its containers."""
        return rows(self.spec.get("containers"))

    @property
    def every(self) -> tuple[Object, ...]:
        """Its containers, with those that run before and those for looking in."""
        early, late = self.spec.get("initContainers"), self.spec.get("ephemeralContainers")
        return (*rows(early), *self.containers, *rows(late))

    @property
    def account(self) -> str:
        """The name of its service account."""
        return str(self.spec.get("serviceAccountName") or self.spec.get("serviceAccount") or "default")


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """One environment as it is built. `guests` are labels of pods that are brought along later."""

    path: str
    deployed: bool
    resources: tuple[Resource, ...]
    guests: Mapping[str, str] = field(default_factory=dict)

    def of(self, *kinds: str) -> Iterator[Resource]:
        """The objects of these kinds."""
        return (each for each in self.resources if each.kind in kinds)

    def find(self, name: str, namespace: str, *kinds: str) -> Resource | None:
        """The object of this name."""
        fitting = (each for each in self.of(*kinds) if (each.name, each.namespace) == (name, namespace))
        return next(fitting, None)

    @property
    def pods(self) -> Iterator[Pod]:
        """Everything that describes pods."""
        return pods(self.resources)

    def selected(self, selector: Any, namespace: str) -> tuple[Pod, ...]:
        """The pods of a namespace that a label selector chooses."""
        return tuple(
            pod for pod in self.pods if pod.resource.namespace == namespace and chooses(selector, pod.labels)
        )


@dataclass(frozen=True, kw_only=True)
class Manifests:
    """Every overlay of a project, without secrets; `leaks` says where some were."""

    overlays: tuple[Overlay, ...]
    leaks: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Validated:
    """What a schema validator said of every object."""

    faults: tuple[Fault, ...]
    unreached: tuple[str, ...] = ()


def pods(resources: Iterable[Resource]) -> Iterator[Pod]:
    """Everything that describes pods."""
    for each in resources:
        if each.kind in _TEMPLATES:
            yield Pod(each, mapping(dig(each.content, *_TEMPLATES[each.kind])))


def chooses(selector: Any, labels: Object) -> bool:
    """Whether a label selector fits; an empty one fits everything."""
    wanted = mapping(dig(selector, "matchLabels")).items()
    listed = rows(dig(selector, "matchExpressions"))
    return all(labels.get(key) == value for key, value in wanted) and all(_fits(x, labels) for x in listed)


def _fits(expression: Object, labels: Object) -> bool:
    key, among = str(expression.get("key")), words(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return key in labels and str(labels[key]) in among
        case "NotIn":
            return key not in labels or str(labels[key]) not in among
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
