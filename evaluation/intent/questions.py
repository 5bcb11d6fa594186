"""Questions with known goals: images of every collection ask as they are, and some again with words that name a goal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.datasets import there
from evaluation.intent.collections import COLLECTIONS, Asked, GoalCollection, Image, Side
from query.answer import Goal

# What people write with a picture, by the goal that it names; those of `test` are not those that the classifier is fitted to.
PHRASES: Mapping[Side, Mapping[Goal, tuple[str, ...]]] = {
    "train": {
        "identify": ("what is this", "was ist das"),
        "similar": ("similar pictures", "more like this"),
        "shop": ("buy", "price", "kaufen"),
        "read": ("text", "translate this"),
        "copy": ("original", "larger"),
        "person": ("who is this", "actor"),
        "place": ("where is this", "which city is it"),
        "pattern": ("same pattern", "fabric"),
    },
    "test": {
        "identify": ("what kind is it", "qu'est-ce que c'est"),
        "similar": ("show similar ones", "ähnliche Bilder"),
        "shop": ("how much does it cost", "acheter", "cheap"),
        "read": ("read it", "übersetzen"),
        "copy": ("higher resolution", "source of it"),
        "person": ("who are they", "qui est-ce"),
        "place": ("where was it taken", "wo ist das"),
        "pattern": ("texture", "gleiches Muster"),
    },
}
OWN_EVERY, OTHER_EVERY = 5, 6  # one in so many images asks again with words of its own goal, and of another one


@dataclass(frozen=True, slots=True)
class GoalQuestion:
    """A question: the image that asks, its words, and the goals that are right, the usual one first."""

    collection: GoalCollection
    asked: Asked
    goals: tuple[Goal, ...]
    text: str = ""

    @property
    def name(self) -> str:
        """Unique among all questions."""
        return f"{self.collection.name}/{self.asked.name}/{self.text}"


def collections_in(data: Path) -> dict[GoalCollection, list[Image]]:
    """The images of every collection that the folder of data sets has."""
    return {one: one.images(data) for one in COLLECTIONS if there(data, *one.needs)}


def questions(data: Path, images: Mapping[GoalCollection, Sequence[Image]]) -> Iterator[GoalQuestion]:
    """Every question, collection by collection."""
    for place, (collection, own) in enumerate(images.items()):
        phrases = PHRASES[collection.side]
        goals = tuple(phrases)
        for at, asked in enumerate(collection.asked(data, own)):
            yield GoalQuestion(collection, asked, collection.goals)
            if at % OWN_EVERY == 0:
                goal = collection.goals[0]
                yield GoalQuestion(collection, asked, (goal,), phrases[goal][at // OWN_EVERY % len(phrases[goal])])
            if at % OTHER_EVERY == 1:
                goal = goals[(place + at) % len(goals)]
                yield GoalQuestion(collection, asked, (goal,), phrases[goal][at % len(phrases[goal])])
