"""WordNet: visible nouns with their glosses; the default, for which nothing has to be fetched."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from answers.entities.entity import Entity
from answers.entities.kinds import kind_at
from answers.entities.loading import EntityLoader
from ingest.item import Refusal
from vision.wordnet import Synset, all_synsets, senses

# Lexicographer's files: animal, artifact, body, food, location, object, person, plant. The others hold what no picture shows.
VISIBLE = {5: "animal", 6: "artifact", 8: "body", 13: "food", 15: "location", 17: "object", 18: "person", 20: "plant"}
PERSON = 18
LICENCE = "WordNet 3.0 licence"
PAGE = "https://wordnet.princeton.edu/"
EXAMPLES = re.compile(r';\s*"[^"]*"')  # of a gloss: how the word is used


class WordNetLoader(EntityLoader):
    """Nouns of the lexicographer's files that name visible things; of people only those who have a name."""

    name: ClassVar[str] = "wordnet"
    accepts: ClassVar[str] = "`wordnet`"
    about: ClassVar[str] = (
        "Visible nouns of WordNet with their glosses: animals, plants, food, things, places, and people by name. `--class` "
        "takes names of hypernyms (`dog`, `flower`)."
    )

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Only the name of the loader."""
        return address == cls.name

    def entities(self) -> Iterator[Entity | Refusal]:
        """In the order of the file."""
        for synset in all_synsets():
            if synset.file in VISIBLE and (synset.is_instance or synset.file != PERSON):
                entity = entity_of_synset(synset)
                if not self.classes or {*self.classes} & {*synset.names, *kind_at(synset.offset).hypernyms}:
                    yield entity


def entity_of_synset(synset: Synset) -> Entity:
    """A noun as an entity. It is better known by a name if that has no other sense that is more frequent."""
    first, *others = synset.names
    kind = kind_at(synset.offset)
    return Entity(
        id=f"wordnet:{synset.id}",
        names={"en": first},
        aliases={"en": others} if others else {},
        descriptions={"en": EXAMPLES.sub("", synset.gloss)},
        type=kind.type,
        synset=synset.id,
        facts={"is a": kind.hypernyms[0]} if kind.hypernyms else {},
        page=PAGE,
        licence=LICENCE,
        source="WordNet",
        prior=max((1 / (1 + known.index(synset.offset)) for name in synset.names if synset.offset in (known := senses(name))),
                  default=0.1),
    )  # fmt: skip
