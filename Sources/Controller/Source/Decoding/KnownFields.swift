/// Fields that Kubernetes has and the mesh does not read: what a manifest may have without being refused.
enum KnownFields {
    static let metadata = [
        "deletionGracePeriodSeconds", "finalizers", "managedFields", "resourceVersion", "selfLink",
    ]
    static let serviceAccount = ["automountServiceAccountToken", "imagePullSecrets", "secrets", "status"]
    static let podSpec = [
        "activeDeadlineSeconds", "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy",
        "enableServiceLinks", "ephemeralContainers", "hostAliases", "hostIPC", "hostPID", "hostUsers", "hostname",
        "hostnameOverride", "imagePullSecrets", "os", "overhead", "preemptionPolicy", "priority",
        "priorityClassName", "readinessGates", "resourceClaims", "resources", "restartPolicy", "runtimeClassName",
        "schedulerName", "schedulingGates", "schedulingGroup", "securityContext", "setHostnameAsFQDN",
        "shareProcessNamespace", "subdomain", "tolerations", "topologySpreadConstraints", "workloadRef",
    ]
    static let container = [
        "envFrom", "imagePullPolicy", "lifecycle", "livenessProbe", "resizePolicy", "resources",
        "restartPolicyRules", "securityContext", "startupProbe", "stdin", "stdinOnce", "terminationMessagePath",
        "terminationMessagePolicy", "tty", "volumeDevices",
    ]
    static let containerPort = ["hostIP", "hostPort"]
    static let environmentSource = ["configMapKeyRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"]
    static let probe = ["terminationGracePeriodSeconds"]
    static let deployment = [
        "minReadySeconds", "paused", "progressDeadlineSeconds", "revisionHistoryLimit", "strategy",
    ]
    static let service = [
        "allocateLoadBalancerNodePorts", "externalIPs", "externalName", "externalTrafficPolicy",
        "healthCheckNodePort", "ipFamilyPolicy", "loadBalancerClass", "loadBalancerIP", "loadBalancerSourceRanges",
        "sessionAffinity", "sessionAffinityConfig", "topologyKeys",
    ]
    static let servicePort = ["nodePort"]
    static let node = ["configSource", "externalID", "podCIDR", "providerID", "taints", "unschedulable"]
    static let endpoint = ["deprecatedTopology", "hints", "hostname", "zone"]
    static let targetReference = ["apiVersion", "fieldPath", "namespace", "resourceVersion", "uid"]
}
