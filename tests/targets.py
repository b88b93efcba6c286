"""Targets that tests share: scores of some ranges, and two and more classes."""

from mlcl.data.target import Target

SCORES = Target("regression")
TWO = Target("classification", num_classes=2)


def scores(low: float, high: float) -> Target:
    return Target("regression", label_range=(low, high))


def classes(count: int, *names: str) -> Target:
    return Target("classification", num_classes=count, classes=names)
