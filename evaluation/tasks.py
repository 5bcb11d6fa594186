"""Which question set is a factor's own task, and by which measure it is judged there.

A factor that no set names is judged by the set that it alone answers best.
"""

from dataclasses import dataclass

from ranking.learning.measures import NAMES

USUAL = NAMES[0]


@dataclass(frozen=True, slots=True)
class Task:
    """The factors that a question set is the task of, and the measure."""

    factors: tuple[str, ...]
    measure: str = USUAL


TASKS: dict[str, Task] = {
    "same object": Task(("objects",)),
    "phone photo to catalogue": Task(("similar",), "Success@1"),
    "same kind": Task(("labels", "semantic")),
    "words to picture": Task(("linked_text", "coverage", "linked_semantic"), "MRR"),
    "text in picture": Task(("ocr",), "MRR"),
    "near-duplicate": Task(("near_duplicate", "local"), "Success@1"),
}


def named(factor: str) -> dict[str, str]:
    """Question set -> measure, for the sets that are this factor's task."""
    return {name: task.measure for name, task in TASKS.items() if factor in task.factors}
