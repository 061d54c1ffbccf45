import Controller
import Discovery
import Mesh
import Testing

struct ManifestReaderTests {
    /// What people write: fields that the mesh does not read are nothing to complain of.
    private static let deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          labels: {app.kubernetes.io/name: web}
          annotations: {kubernetes.io/change-cause: "first"}
        spec:
          replicas: 3
          revisionHistoryLimit: 2
          strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}
          selector:
            matchLabels: {app: web}
            matchExpressions: [{key: tier, operator: In, values: [front, back]}]
          template:
            metadata:
              labels: {app: web, tier: front}
            spec:
              automountServiceAccountToken: false
              securityContext: {runAsNonRoot: true, fsGroup: 1000}
              affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: []}}
              tolerations: [{key: x, operator: Exists}]
              terminationGracePeriodSeconds: 5
              nodeSelector: {kubernetes.io/os: linux}
              initContainers:
              - name: migrate
                image: migrate:1
                command: [migrate]
              containers:
              - name: web
                image: nginx:1.27
                imagePullPolicy: IfNotPresent
                command: ["sh", "-c", "exec nginx -g 'daemon off;'"]
                args: [a, "1"]
                workingDir: /srv
                env:
                - {name: A, value: "1"}
                - {name: POD_IP, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: status.podIP}}}
                - {name: SECRET, valueFrom: {secretKeyRef: {name: s, key: k}}}
                envFrom: [{configMapRef: {name: c}}]
                ports:
                - {name: http, containerPort: 8080}
                - {containerPort: 9090, protocol: TCP, hostPort: 9090}
                readinessProbe: {httpGet: {path: /healthz, port: http, httpHeaders: []}, periodSeconds: 5}
                livenessProbe: {tcpSocket: {port: 8080}}
                startupProbe: {exec: {command: ["true"]}}
                resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
                volumeMounts: [{name: data, mountPath: /data}]
                securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                lifecycle: {preStop: {exec: {command: [sleep, "5"]}}}
              volumes:
              - name: data
                emptyDir: {}
        status: {replicas: 3}
        """

    @Test func `a Deployment as people write it is read`() throws {
        guard case .deployment(let deployment)? = objects(Self.deployment).first else {
            Issue.record("no Deployment")
            return
        }
        #expect(deployment.metadata.namespace == "default" && deployment.replicas == 3)
        #expect(deployment.selector.requirements.map(\.values) == [["front", "back"]])
        let spec = deployment.template.spec
        #expect(spec.serviceAccountName == "default" && spec.terminationGracePeriodSeconds == 5)
        let container = try #require(spec.containers.first)
        #expect(container.command == ["sh", "-c", "exec nginx -g 'daemon off;'"] && container.args == ["a", "1"])
        #expect(
            container.env == [
                .init(name: "A", value: .text("1")), .init(name: "POD_IP", value: .field(path: "status.podIP")),
                .init(name: "SECRET", value: .elsewhere),
            ])
        #expect(container.ports.map(\.containerPort) == [8080, 9090] && container.workingDir == "/srv")
        #expect(container.readinessProbe?.action == .httpGet(path: "/healthz", port: .name("http"), isTLS: false))
        #expect(container.readinessProbe?.periodSeconds == 5)
    }

    @Test func `an object as an API server gives it is read`() {
        let text = """
            {"apiVersion": "v1", "kind": "List", "items": [
              {"apiVersion": "v1", "kind": "Service",
               "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1", "generation": 1,
                 "creationTimestamp": "2026-01-02T03:04:05Z", "managedFields": [{"manager": "x"}]},
               "spec": {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ipFamilies": ["IPv4"],
                 "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster", "sessionAffinity": "None",
                 "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http", "nodePort": 30000}],
                 "selector": {"app": "web"}, "type": "NodePort"},
               "status": {"loadBalancer": {}}},
              {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "shop"}}
            ]}
            """
        let objects = objects(text)
        #expect(objects.map(\.reference.description) == ["Service shop/web", "ServiceAccount shop/a"])
        #expect(objects.first?.metadata.creationTimestamp?.description == "2026-01-02T03:04:05Z")
        guard case .service(let service)? = objects.first else { return }
        #expect(service.clusterIPs.map(\.description) == ["10.96.0.7"] && service.ports[0].targetPort == .name("http"))
    }

    @Test func `a kind that is not read is remarked and nothing more`() {
        let text = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: a}
            ---
            apiVersion: serving.knative.dev/v1
            kind: Service
            metadata: {name: a}
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: a}
            """
        let file = ManifestReader.read(text, file: "a.yaml")
        #expect(file.isSound && file.manifests.map(\.object.kind) == [.namespace])
        #expect(file.diagnostics.map(\.severity) == [.warning, .warning] && file.diagnostics.map(\.line) == [1, 5])
    }

    @Test func `every wrong document of a file is told, with file, line, field and what was expected`() {
        let text = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: Shop}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec:
              ports:
              - port: 80
              - {name: b, port: 81, targetPrt: 80}
            """
        let file = ManifestReader.read(text, file: "dir/a.yaml")
        #expect(!file.isSound && file.manifests.isEmpty)
        #expect(
            file.diagnostics.map(\.description) == [
                "dir/a.yaml:3: metadata.name: expected lower-case letters, digits, dashes and dots, 253 at most, found \"Shop\"",
                "dir/a.yaml:11: spec.ports[1].targetPrt: expected a known field, found \"targetPrt\"; is \"targetPort\" meant?",
            ])
    }

    private static let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
    private static let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n"
    private static let policy =
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a}\nspec:\n"
    private static let peers =
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: a}\nspec:\n"
    private static let web = "  containers:\n  - name: web\n"

    @Test(arguments: [
        ("kind: Pod", "1: apiVersion", "not empty"), ("apiVersion: v1", "1: kind", "not empty"),
        ("apiVersion: v1\nkind: Pod", "1: metadata", "a mapping"), ("[]", "1: ", "a mapping"),
        ("a", "1: ", "a mapping"),
        ("apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: a}", "1: apiVersion", "version v1"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}", "3: metadata.name", "not empty"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {nmae: a}", "3: metadata.name", "is \"nmae\" meant"),
        ("apiVersion: v1\nkind: Node\nmetadata: {name: a, namespace: b}", "3: metadata.namespace", "no namespace"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ../x}", "3: metadata.namespace", "lower-case"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {a: 1}}", "3: metadata.labels[\"a\"]", "in quotes"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {a: b c}}", "3: metadata.labels[\"a\"]", "a label"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, creationTimestamp: now}", "3: metadata.creationTimestamp",
            "a time"
        ),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, Labels: {}}", "3: metadata.Labels", "is \"labels\" meant?"),
        ("apiVersion: v1\nkind: Pods\nmetadata: {name: a}", "1: kind", "read are"),
        ("apiVersion: security.istio.io/v1\nkind: AuthorizationPolic", "1: kind", "read are"),
        ("apiVersion: example.org/v1\nkind: Thing", "1: metadata", "a mapping"),
        (pod + "  containers: []", "5: spec.containers", "at least one"),
        (pod + web + "  container: []", "7: spec.container", "meant"),
        (pod + web + "  - name: web", "5: spec.containers", "each name once"),
        (pod + web + "    command: ls", "7: spec.containers[0].command", "a list"),
        (pod + web + "    command: [ls, 1]", "7: spec.containers[0].command[1]", "in quotes"),
        (pod + web + "    env: [{name: A, value: 1}]", "7: spec.containers[0].env[0].value", "in quotes"),
        (pod + web + "    env: [{name: A=B}]", "7: spec.containers[0].env[0].name", "without"),
        (pod + web + "    ports: [{containerPort: 70000}]", "7: spec.containers[0].ports[0].containerPort", "to 65535"),
        (
            pod + web + "    ports: [{containerPort: 80, name: Http}]", "7: spec.containers[0].ports[0].name",
            "15 characters"
        ),
        (pod + web + "    readinessProbe: {}", "7: spec.containers[0].readinessProbe.httpGet", "one of"),
        (pod + web + "  serviceAccountName: A", "7: spec.serviceAccountName", "lower-case"),
        (pod + web + "  nodeName: a/b", "7: spec.nodeName", "lower-case"),
        (pod + web + "status: {podIP: 1.2.3}", "7: status.podIP", "an IP address"),
        (service + "  ports: []", "5: spec.ports", "at least one"),
        (service + "  ports: [{port: 0}]", "5: spec.ports[0].port", "from 1"),
        (service + "  ports: [{port: 80, targetPort: '80'}]", "5: spec.ports[0].targetPort", "without quotes"),
        (service + "  ports: [{port: 80}, {port: 81}]", "5: spec.ports[0].name", "no other port"),
        (service + "  ports: [{name: a, port: 80}, {name: b, port: 80}]", "5: spec.ports[1].port", "again"),
        (service + "  ports: [{port: 80}]\n  clusterIP: none", "6: spec.clusterIP", "an IP address"),
        (service + "  ports: [{port: 80}]\n  type: Cluster", "6: spec.type", "one of ClusterIP, NodePort"),
        (service.replacing("name: a", with: "name: a.b") + "  ports: [{port: 80}]", "1: metadata.name", "63 at most"),
        (policy + "  rules:", "5: spec.rules", "found nothing"),
        (policy + "  selector:", "5: spec.selector", "found nothing"),
        (policy + "  action: Deny", "5: spec.action", "one of ALLOW, DENY"),
        (policy + "  action: DENY", "5: spec.rules", "denies nothing"),
        (policy + "  rules: [{from: []}]", "5: spec.rules[0].from", "at least one item"),
        (policy + "  rules:\n  - from:", "6: spec.rules[0].from", "found nothing"),
        (policy + "  rules: [{from: [{source: {}}]}]", "5: spec.rules[0].from[0].source", "at least one field"),
        (policy + "  rules: [{from: [{}]}]", "5: spec.rules[0].from[0].source", "a mapping"),
        (
            policy + "  rules: [{to: [{operation: {ports: []}}]}]", "5: spec.rules[0].to[0].operation.ports",
            "at least one"
        ),
        (
            policy + "  rules: [{to: [{operation: {ports: [80]}}]}]", "5: spec.rules[0].to[0].operation.ports[0]",
            "in quotes"
        ),
        (
            policy + "  rules: [{to: [{operation: {ports: ['0']}}]}]", "5: spec.rules[0].to[0].operation.ports[0]",
            "from 1"
        ),
        (
            policy + "  rules: [{from: [{source: {ipBlocks: [10.0.0.0/33]}}]}]",
            "5: spec.rules[0].from[0].source.ipBlocks[0]", "network"
        ),
        (
            policy + "  rules: [{from: [{source: {namespace: [a]}}]}]", "5: spec.rules[0].from[0].source.namespace",
            "is \"namespaces\""
        ),
        (
            policy + "  rules: [{from: [{source: {principals: ['']}}]}]",
            "5: spec.rules[0].from[0].source.principals[0]", "not empty"
        ),
        (
            policy + "  rules: [{from: [{source: {serviceAccounts: [a/b/c]}}]}]",
            "5: spec.rules[0].from[0].source.serviceAccounts[0]", "namespace/name"
        ),
        (policy + "  rules: [{when: [{key: source.ip}]}]", "5: spec.rules[0].when[0].values", "values or notValues"),
        (
            policy + "  rules: [{when: [{key: source.ip, values: [x]}]}]", "5: spec.rules[0].when[0].values[0]",
            "an IP address"
        ),
        (policy + "  provider: {name: x}", "5: spec.provider", "CUSTOM"),
        (policy + "  rule: [{}]", "5: spec.rule", "is \"rules\" meant?"),
        (
            policy + "  selector: {matchLabels: {a: b}}\n  targetRef: {kind: a, name: b}", "5: spec.targetRefs",
            "only one"
        ),
        (peers + "  mtls: {mode: strict}", "5: spec.mtls.mode", "one of UNSET"),
        (peers + "  mtls:", "5: spec.mtls", "found nothing"),
        (peers + "  portLevelMtls: {80: {mode: STRICT}}", "5: spec.portLevelMtls", "beside a selector"),
        (
            peers + "  selector: {matchLabels: {a: b}}\n  portLevelMtls: {http: {mode: STRICT}}",
            "6: spec.portLevelMtls[\"http\"]", "a port"
        ),
    ])
    func `what is wrong is named by line, field and what was expected`(text: String, place: String, expected: String)
        throws
    {
        let file = ManifestReader.read(text, file: "a.yaml")
        let description = try #require(file.diagnostics.first).description
        #expect(description.hasPrefix("a.yaml:" + place) && description.contains(expected), "\(description)")
    }

    @Test func `labels that the selector does not match are refused`() {
        let text = Self.deployment.replacing("labels: {app: web, tier: front}", with: "labels: {app: web}")
        let problems = ManifestReader.read(text, file: "a.yaml").diagnostics.map(\.field)
        #expect(problems == ["spec.template.metadata.labels"])
    }

    @Test(arguments: 0..<100)
    func `no mutation of a manifest does worse than be refused`(seed: UInt64) {
        var random = ManifestGenerator(seed: seed)
        let text =
            seed % 2 == 0
            ? Self.deployment
            : YAMLEmitter.text(ofDocuments: [])
                + ManifestWriter.text(of: random.objects())
        for _ in 0..<10 {
            let file = ManifestReader.read(random.mutation(of: text), file: "a.yaml")
            let model = MeshModel(file.manifests.map(\.object))
            _ = StaticConfiguration.render(Translation(of: model).configuration)
        }
    }

    @Test(arguments: 0..<200)
    func `what is written reads back as the same objects`(seed: UInt64) {
        var random = ManifestGenerator(seed: seed)
        let objects = random.objects()
        let text = ManifestWriter.text(of: objects)
        let file = ManifestReader.read(text, file: "a.yaml")
        #expect(file.diagnostics == [], "\(text)")
        #expect(file.manifests.map(\.object) == objects, "\(text)")
    }
}

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:34:56Z", 951_827_696),
        ("2026-08-22T00:00:00+02:00", 1_787_349_600),
        ("1969-12-31T23:59:59Z", -1), ("2026-01-01T00:00:00.123456Z", 1_767_225_600),
        ("2100-03-01T00:00:00Z", 4_107_542_400),
        ("2026-01-01t00:00:00-00:30", 1_767_227_400),
    ])
    func `a time is read`(text: String, seconds: Int) {
        #expect(Kubernetes.Timestamp(text)?.secondsSinceEpoch == seconds)
    }

    @Test(arguments: stride(from: -5_000_000_000, to: 9_000_000_000, by: 86_399 * 997).map(\.self))
    func `a time that is printed reads back`(seconds: Int) {
        let timestamp = Kubernetes.Timestamp(secondsSinceEpoch: seconds)
        #expect(Kubernetes.Timestamp(timestamp.description) == timestamp)
    }

    @Test(arguments: [
        "", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00+0200", "x026-01-01T00:00:00Z",
    ])
    func `anything else is no time`(text: String) {
        #expect(Kubernetes.Timestamp(text) == nil)
    }
}
