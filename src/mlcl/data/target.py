"""What a label is: a score of some range, or one of some classes. Made once from the data and passed on whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlcl.errors import DataError

Task = Literal["regression", "classification"]
Kind = Literal["regression", "classification", "multi-class"]
"""A score, one of two classes, one of more."""

MAX_CLASSES = 1000
"""More classes than any data set of the field has; a greater number is no class."""


@dataclass(frozen=True)
class Target:
    """What a model learns to say of an item.

    Attributes:
        task: ``regression`` for a score, ``classification`` for one of two or more classes.
        name: Name of the label, where items have several.
        num_classes: How many classes there are, 2 to `MAX_CLASSES`; 0 for a score.
        classes: Their names in the order of their numbers 0, 1, ...; empty where the data have none.
        label_range: Least and greatest possible score; None for classes, and where it is not known.

    Raises:
        ValueError: If the values do not fit one another.

    Examples:
        >>> Target("regression", label_range=(-1.0, 1.0)).kind, Target("classification", num_classes=7).kind
        ('regression', 'multi-class')
    """

    task: Task
    name: str = ""
    num_classes: int = 0
    classes: tuple[str, ...] = ()
    label_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        scores = self.task == "regression"
        if not scores and self.task != "classification":
            raise ValueError(f"task {self.task!r}: must be regression or classification")
        if self.num_classes not in ((0,) if scores else range(2, MAX_CLASSES + 1)):
            raise ValueError(f"{self.num_classes} classes: a score has none, a classification 2 to {MAX_CLASSES}")
        if self.classes and len(self.classes) != self.num_classes:
            raise ValueError(f"{len(self.classes)} names of {self.num_classes} classes")
        if self.label_range and (not scores or not -np.inf < self.label_range[0] <= self.label_range[1] < np.inf):
            raise ValueError(f"range {self.label_range}: must be two finite scores, the lesser first")

    @property
    def kind(self) -> Kind:
        """The task; ``multi-class`` for more than two classes."""
        return "multi-class" if self.num_classes > 2 else self.task

    @property
    def class_names(self) -> tuple[str, ...]:
        """What people call each class: its name, else its number."""
        return self.classes or tuple(map(str, range(self.num_classes)))

    def check(self, labels: NDArray[np.float64]) -> None:
        """Refuse labels that are no classes of this target; nan is no label, and any score will do.

        Raises:
            DataError: Naming the first wrong one.
        """
        wrong = labels[~np.isnan(labels) & ~np.isin(labels, np.arange(self.num_classes))]
        if self.num_classes and wrong.size:
            known = "0 or 1" if self.num_classes == 2 else f"whole numbers from 0 to {self.num_classes - 1}"
            raise DataError(f"the label {wrong[0]:g}; labels must be {known} for this run's task, classification")

    def plain(self) -> dict[str, Any]:
        """Plain values, as ``processor.json`` and ``run.json`` keep them since version 0.1.0."""
        return {
            "task": self.task,
            "label": self.name,
            "num_classes": self.num_classes,
            "classes": list(self.classes),
            "label_range": None if self.label_range is None else list(self.label_range),
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Target":
        """Build from what `plain` gave; other keys are ignored, and all but ``task`` may be absent in old files.

        Raises:
            ValueError: If the values are no target.
        """
        try:
            limits = values.get("label_range")
            return cls(
                values["task"],
                str(values.get("label", "")),
                int(values.get("num_classes", 2 if values["task"] == "classification" else 0)),
                tuple(map(str, values.get("classes", ()))),
                None if limits is None else (float(limits[0]), float(limits[1])),
            )
        except (AttributeError, LookupError, TypeError, OverflowError) as error:
            raise ValueError(f"no task, classes and range of a label: {error}") from error
