/// A bounded number of places, each taken for as long as somebody holds it. Thread-confined.
final class Places {
    let limit: Int
    private(set) var taken = 0

    init(limit: Int) { self.limit = limit }

    /// Nil when all are taken.
    func take() -> Place? {
        guard taken < limit else { return nil }
        return Place(self)
    }

    /// Given back when the last reference goes.
    final class Place {
        private let places: Places

        fileprivate init(_ places: Places) {
            self.places = places
            places.taken += 1
        }

        deinit { places.taken -= 1 }
    }
}
