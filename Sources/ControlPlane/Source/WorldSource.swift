package import Controller

/// Where the objects of a cluster come from.
package protocol WorldSource: Sendable {
    /// Reports what there is and what becomes of it, one event after the other, until the task is cancelled.
    func run(_ report: @escaping @Sendable (SourceEvent) async -> Void) async

    /// Looks again. Everything that was there before the call has been reported when it returns.
    func refresh() async
}

package enum SourceEvent: Sendable {
    /// Everything that there is: at first, and after an interruption.
    case listed([ObjectReference: KubernetesObject])
    case changed([MeshModel.Change])
    /// What cannot be read at present, and where; replaces what was told before.
    case problems([ManifestDiagnostic])
}
