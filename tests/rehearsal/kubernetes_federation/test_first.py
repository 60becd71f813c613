import json


def test_it(site, host, objects):
    print(json.dumps(host.member("old")["status"], indent=1))
    print(json.dumps(host.joined("new")["status"]))
    host.namespace("t1", "old", "new")
    host.federate(
        "Deployment",
        "t1",
        "web",
        {
            "template": objects.deployment(),
            "placement": objects.placement("old", "new"),
            "overrides": [{"clusterName": "old", "clusterOverrides": [{"path": "/spec/replicas", "value": 3}]}],
        },
    )
    import time

    time.sleep(1)
    print(host.propagation("Deployment", "t1", "web"))
    print(json.dumps(host.federated("Deployment", "t1", "web")["status"]))
    print(site["old"].apps.read_namespaced_deployment("web", "t1").spec.replicas)
    print(site["new"].apps.read_namespaced_deployment("web", "t1").spec.replicas)
    print(site["new"].apps.read_namespaced_deployment("web", "t1").metadata.labels)
    print([e.message for e in host.core.list_namespaced_event("t1").items])
