"""A large cluster as manifests: 10,000 pods on 100 nodes, 1,000 services, 500 policies."""

import os

NODES = 100
_NAMESPACES = 50
_SERVICES = 1_000
_POLICIES = 500
_POD_FILES = 100
_PODS_PER_FILE = 100


class World:
    def __init__(self, folder):
        self._folder = folder
        self._changes = 0
        folder.mkdir(parents=True)
        self._write("namespaces", [_named("Namespace", f"team-{number}") for number in range(_NAMESPACES)])
        self._write("nodes", [_named("Node", f"node-{number}") for number in range(NODES)])
        for start in range(0, _SERVICES, 100):
            self._write(f"services-{start}", [_service(number) for number in range(start, start + 100)])
        for number in range(_POLICIES):
            self._write(f"policy-{number}", [_policy(number, 0)])
        for file in range(_POD_FILES):
            self._write_pods(file, 0)

    def change_policy(self, turn):
        number = turn % _POLICIES
        self._changes += 1
        self._write(f"policy-{number}", [_policy(number, self._changes)])

    def replace_pods(self, turn):
        """100 pods go, and 100 others come in their place."""
        self._write_pods(turn % _POD_FILES, turn + 1)

    def _write_pods(self, file, generation):
        start = file * _PODS_PER_FILE
        self._write(f"pods-{file}", [_pod(number, generation) for number in range(start, start + _PODS_PER_FILE)])

    def _write(self, name, documents):
        """In one step: a reader finds the old text or the new one."""
        temporary = self._folder / f".{name}.new"
        temporary.write_text("---\n".join(documents))
        os.rename(temporary, self._folder / f"{name}.yaml")


def _named(kind, name):
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"


def _service(number):
    return f"""apiVersion: v1
kind: Service
metadata: {{name: service-{number}, namespace: team-{number % _NAMESPACES}}}
spec:
  clusterIP: 10.96.{number // 250}.{number % 250 + 1}
  selector: {{app: app-{number}}}
  ports: [{{name: http, port: 80, targetPort: 8080}}]
"""


def _policy(number, generation):
    return f"""apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: policy-{number}, namespace: team-{number % _NAMESPACES}}}
spec:
  selector: {{matchLabels: {{app: app-{number}}}}}
  action: ALLOW
  rules:
  - from: [{{source: {{principals: [cluster.local/ns/team-{number % _NAMESPACES}/sa/caller-{generation}]}}}}]
    to: [{{operation: {{ports: ["8080"]}}}}]
"""


def _pod(number, generation):
    service = number % _SERVICES
    name = f"app-{service}-{generation}-{number}"
    address = f"10.{128 + generation % 64}.{number // 250}.{number % 250 + 1}"
    return f"""apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: team-{service % _NAMESPACES}
  uid: {name}
  labels: {{app: app-{service}, version: v{generation}}}
  annotations: {{ambient.istio.io/redirection: enabled}}
spec:
  serviceAccountName: app-{service}
  nodeName: node-{number % NODES}
  containers: [{{name: main, ports: [{{name: http, containerPort: 8080}}]}}]
status:
  phase: Running
  podIP: {address}
  podIPs: [{{ip: {address}}}]
  conditions: [{{type: Ready, status: "True"}}]
"""
