"""A project of another layout than our template's: one file of objects, two environments elsewhere."""

from __future__ import annotations

from pathlib import Path

from pytest_saas_validate.combos import Combo
from pytest_saas_validate.project import Project, read_files

TABLE = """\
[tool.pytest-saas-validate.backend]
path = "server"
app = "shop.web:app"
settings = "shop.conf:Conf"

[tool.pytest-saas-validate.kubernetes]
overlays = ["deploy/envs/*"]

[tool.pytest-saas-validate.kubernetes.images]
shop-web = "server/Dockerfile"
"""
CONF = "class Conf(BaseSettings):\n    shop_database: str\n    shop_level: str = 'info'\n"
BASE = """\
apiVersion: v1
kind: ServiceAccount
metadata: { name: web }
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata: { name: web }
data: { SHOP_LEVEL: info }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      serviceAccountName: web
      automountServiceAccountToken: false
      securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: web
          image: registry.example/acme/shop-web:1.4
          ports: [{ name: http, containerPort: 8000 }]
          envFrom: [{ configMapRef: { name: web } }]
          env:
            - { name: HOST_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
            - { name: SHOP_DATABASE, valueFrom: { secretKeyRef: { name: web, key: address } } }
          args: ["--name=$(HOST_NAME)"]
          livenessProbe: { httpGet: { path: /, port: http } }
          readinessProbe: { httpGet: { path: /, port: 8000 } }
          resources: { requests: { cpu: 10m }, limits: { memory: 64Mi } }
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: http }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  rules:
    - http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }, minReplicas: 2, maxReplicas: 3 }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: web } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: nothing }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from: [{ namespaceSelector: { matchLabels: { a: b } }, podSelector: { matchLabels: { c: d } } }]
"""
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: { name: NAME, labels: { pod-security.kubernetes.io/enforce: restricted } }
"""
FILES = {
    "pyproject.toml": TABLE,
    "server/Dockerfile": "FROM python:3.14-slim\n",
    "server/shop/conf.py": CONF,
    "deploy/common/kustomization.yml": "resources: [all.yaml]\n",
    "deploy/common/all.yaml": BASE,
    **{
        f"deploy/envs/{name}/{file}": text
        for name in ("live", "trial")
        for file, text in (
            ("kustomization.yaml", f"namespace: shop-{name}\nresources: [../../common, own.yaml]\n"),
            ("own.yaml", NAMESPACE.replace("NAME", f"shop-{name}")),
        )
    },
}
COMBO = Combo("all", (), frozenset({"kubernetes"}))


def foreign(root: Path, **changed: str) -> Project:
    """The project, below a folder; files are replaced by path."""
    for name, text in {**FILES, **changed}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Project(root=root, combo=COMBO, files=read_files(root))
