import Controller

/// What the mesh makes of an object, for people. Pure.
struct ObjectText {
    let description: ObjectDescription
    /// In seconds of the Unix epoch.
    let now: Int

    var text: String {
        switch description {
        case .pod(let pod): PodText(pod: pod).text
        case .service(let service): ServiceText(service: service).text
        case .namespace(let namespace): NamespaceText(namespace: namespace).text
        case .policy(let policy): PolicyText(policy: policy).text
        case .waypoint(let waypoint): WaypointText(waypoint: waypoint, now: now).text
        }
    }
}

extension EnrolmentDescription {
    /// `yes, since …`, and what is in the way below it.
    var lines: [String] {
        let head =
            switch state {
            case .enrolled: "yes, since \(reason)"
            case .pending: "not yet, though \(reason)"
            case .leaving: "still, though \(reason)"
            case .outside: "no, since \(reason)"
            }
        return [head] + obstacles
    }

    /// In a word.
    var word: String {
        switch state {
        case .enrolled: obstacles.isEmpty ? "yes" : "yes, impaired"
        case .pending: "not yet"
        case .leaving: "leaving"
        case .outside: "no"
        }
    }
}

extension AuthenticationDescription {
    var lines: [String] {
        let origin = origin.isEmpty ? "the mesh's default" : "by \(origin)"
        let head =
            switch mode {
            case "STRICT": "must prove who they are by mutual TLS (STRICT, \(origin))"
            case "DISABLE": "may come without mutual TLS (DISABLE, taken as PERMISSIVE, \(origin))"
            default: "may come without mutual TLS (\(mode), \(origin))"
            }
        return [head] + ports.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }.map { "port \($0.key): \($0.value)" }
    }
}

extension BindingDescription {
    var lines: [String] {
        let state = bound ? (ready ? "bound" : "bound, but it is not ready: connections are refused") : message
        let progress = stage.flatMap { $0 == "settled" ? nil : "coming into force: \($0)" }
        let share = canary.map { "of these, \(canaryPercent.map { "\($0) %" } ?? "none") to \($0)" }
        return ["\(waypoint), by \(askedBy): \(state)"] + [progress, share].compactMap { $0 }
    }
}

extension [String: Int] {
    /// `80→8080, 443`.
    var portText: String {
        sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }
            .map { $0.key == "\($0.value)" ? $0.key : "\($0.key)→\($0.value)" }.joined(separator: ", ")
    }
}

extension RemarkDescription {
    var text: String { "\(severity): " + (field.isEmpty ? "" : "\(field): ") + problem }
}
