package import Controller

/// Where made objects and statuses are put: the counterpart of a `WorldSource`.
package protocol WorldSink: Sendable {
    /// Brings what is written in line with what is wanted.
    ///
    /// - Parameter isWhole: whether everything else that was ever written is to go.
    /// - Throws: when something of it could not be written; it is tried again with what has changed since.
    func put(_ changes: StatusBook.Changes, isWhole: Bool) async throws
}
