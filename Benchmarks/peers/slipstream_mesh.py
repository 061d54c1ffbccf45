"""What both ztunnels know: pairs of pods, and for each server one policy that lets its own client's identity reach it."""

import json

from world import ADDRESSES, node_of


def mesh(pairs):
    """As a file for `LOCAL_XDS_PATH`; JSON is YAML. A pair is named by what precedes `client` and `server`."""
    workloads = [_workload(f"{pair}client", []) for pair in pairs]
    workloads += [_workload(f"{pair}server", [f"bench/allow-{pair}client"]) for pair in pairs]
    policies = [_policy(f"{pair}client") for pair in pairs]
    return json.dumps({"workloads": workloads, "services": [], "policies": policies}, indent=2) + "\n"


def _workload(pod, policies):
    return {
        "uid": f"Kubernetes//Pod/bench/{pod}",
        "name": pod,
        "namespace": "bench",
        "serviceAccount": pod,
        "workloadIps": [ADDRESSES[pod]],
        "protocol": "HBONE",
        "node": node_of(pod),
        "authorizationPolicies": policies,
    }


def _policy(client):
    return {
        "name": f"allow-{client}",
        "namespace": "bench",
        "scope": "WorkloadSelector",
        "action": "Allow",
        "rules": [[[{"principals": [{"Exact": f"cluster.local/ns/bench/sa/{client}"}]}]]],
    }
