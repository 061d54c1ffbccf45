/// A bounded number of places, each taken for as long as somebody holds it. Thread-confined.
package final class Places {
    let limit: Int
    private(set) var taken = 0

    init(limit: Int) { self.limit = limit }

    var hasRoom: Bool { taken < limit }

    /// Nil when all are taken.
    package func take() -> Place? { hasRoom ? Place(self) : nil }

    /// Given back when the last reference goes.
    package final class Place {
        private let places: Places

        fileprivate init(_ places: Places) {
            self.places = places
            places.taken += 1
        }

        deinit { places.taken -= 1 }
    }
}
