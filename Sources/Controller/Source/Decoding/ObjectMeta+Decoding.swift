import Discovery

extension Kubernetes.ObjectMeta {
    /// Of an object that stands by itself, with a name; its namespace is `default` if it names none.
    init(ofObjectIn object: inout YAMLFields, isNamespaced: Bool) throws(DocumentFault) {
        var fields = try object.requiredFields("metadata")
        let name = try fields.name("name", ObjectName.isSubdomain, ObjectName.expectedSubdomain)
        var namespace = ""
        if isNamespaced {
            namespace = try fields.optionalName("namespace", ObjectName.isLabel, ObjectName.expectedLabel) ?? "default"
        } else if try fields.string("namespace").map({ !$0.isEmpty }) ?? false {
            throw fields.fault("namespace", "expected none for a kind that lives in no namespace")
        }
        self.init(name: name, namespace: namespace)
        try read(&fields)
        try fields.finish()
    }

    /// Of a pod template, whose pods get their names and namespace otherwise.
    init(ofTemplateIn template: inout YAMLFields) throws(DocumentFault) {
        self.init(name: "")
        guard var fields = try template.fields("metadata") else { return }
        fields.ignore(["name", "namespace"])
        try read(&fields)
        try fields.finish()
    }

    /// Each is looked up for each object that selects: nobody has so many.
    private static let labelLimit = 1000

    private mutating func read(_ fields: inout YAMLFields) throws(DocumentFault) {
        labels = try fields.labels("labels")
        guard labels.count <= Self.labelLimit else {
            throw fields.fault("labels", "expected at most \(Self.labelLimit), found \(labels.count)")
        }
        annotations = try fields.stringMap("annotations")
        uid = try fields.string("uid") ?? ""
        generation = try fields.integer("generation", in: 0...Int.max)
        generateName = try fields.string("generateName") ?? ""
        creationTimestamp = try fields.timestamp("creationTimestamp")
        deletionTimestamp = try fields.timestamp("deletionTimestamp")
        ownerReferences = try fields.list("ownerReferences", Kubernetes.OwnerReference.init(node:path:))
        fields.ignore(KnownFields.metadata)
    }
}

extension Kubernetes.OwnerReference {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(
            apiVersion: try fields.requiredString("apiVersion"), kind: try fields.requiredString("kind"),
            name: try fields.requiredString("name"), uid: try fields.string("uid") ?? "",
            isController: try fields.boolean("controller") ?? false)
        fields.ignore(["blockOwnerDeletion"])
        try fields.finish()
    }
}

extension Kubernetes.LabelSelector {
    init(_ selector: YAMLFields) throws(DocumentFault) {
        var fields = selector
        self.init(
            matchLabels: try fields.labels("matchLabels"),
            requirements: try fields.list("matchExpressions", Requirement.init(node:path:)))
        try fields.finish()
    }
}

extension Kubernetes.LabelSelector.Requirement {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        let key = try fields.name("key", ObjectName.isLabelKey, "the key of a label")
        let operation = try fields.word("operator", of: Operator.self)
        let values = try fields.strings("values")
        let isAboutValues = operation == .isIn || operation == .isNotIn
        guard values.isEmpty != isAboutValues else {
            throw fields.fault(
                "values", "expected \(isAboutValues ? "at least one" : "none") for \(operation.rawValue)")
        }
        self.init(key: key, operation: operation, values: values)
        try fields.finish()
    }
}

extension YAMLFields {
    /// A field that, if there, must be a name.
    mutating func optionalName(
        _ field: String, _ isName: (String) -> Bool, _ expected: String
    ) throws(DocumentFault) -> String? {
        let line = line(of: field)
        guard let text = try string(field), !text.isEmpty else { return nil }
        guard isName(text) else {
            throw DocumentFault(
                line: line, field: path(of: field), problem: "expected \(expected), found \(text.quoted)")
        }
        return text
    }

    mutating func labels(_ name: String) throws(DocumentFault) -> [String: String] {
        try map(name) { (entry, path) throws(DocumentFault) in
            let value = try entry.value.isNull ? "" : entry.value.string(at: path)
            guard ObjectName.isLabelKey(entry.key.text) else {
                throw DocumentFault(
                    line: entry.line, field: path,
                    problem: "expected the key of a label, found \(entry.key.text.quoted)")
            }
            guard ObjectName.isLabelValue(value) else {
                throw entry.value.fault(at: path, "expected the value of a label, found \(value.quoted)")
            }
            return (entry.key.text, value)
        }
    }

    mutating func timestamp(_ name: String) throws(DocumentFault) -> Kubernetes.Timestamp? {
        guard let node = take(name) else { return nil }
        guard let timestamp = Kubernetes.Timestamp(try node.string(at: path(of: name))) else {
            throw node.fault(at: path(of: name), "expected a time such as 2026-02-28T12:00:00Z, found \(node.kind)")
        }
        return timestamp
    }

    /// A required word of an enumeration, in its own spelling.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String, of words: Word.Type
    ) throws(DocumentFault) -> Word {
        guard let word = try optionalWord(name, of: words) else {
            throw fault(name, "expected one of \(words.known), found nothing")
        }
        return word
    }

    mutating func optionalWord<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String, of words: Word.Type
    ) throws(DocumentFault) -> Word? {
        guard let node = take(name) else { return nil }
        return try node.word(of: words, at: path(of: name))
    }
}

extension YAMLNode {
    func word<Word: RawRepresentable<String> & CaseIterable>(
        of words: Word.Type, at path: String
    ) throws(DocumentFault) -> Word {
        guard case .scalar(let scalar) = content, let word = Word(rawValue: scalar.text) else {
            throw fault(at: path, "expected one of \(words.known), found \(kind)")
        }
        return word
    }
}

extension CaseIterable where Self: RawRepresentable<String> {
    fileprivate static var known: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
