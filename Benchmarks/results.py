"""What the rounds gave: values by subject and measure, and their medians."""

from collections import defaultdict
from statistics import median


class Results:
    def __init__(self):
        self._values = defaultdict(list)

    def add(self, subject_key, numbers):
        for measure, value in numbers.items():
            self._values[subject_key, measure].append(value)

    def median(self, subject_key, row):
        """The median of the rounds, less the direct connection's for rows of added latency; None where not measured."""
        value = self.median_of(subject_key, row.measure)
        if value is None or not row.added:
            return value
        return value - self.median_of("direct", row.measure)

    def median_of(self, subject_key, measure):
        values = self._values.get((subject_key, measure))
        return median(values) if values else None

    def spread(self, subject_key, row):
        """Half of the range between the quartiles, as a part of the median; None for fewer than three rounds."""
        values = sorted(self._values.get((subject_key, row.measure), []))
        if len(values) < 3:
            return None
        quarter = len(values) // 4
        return (values[-1 - quarter] - values[quarter]) / 2 / median(values)
