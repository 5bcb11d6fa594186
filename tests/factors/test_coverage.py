"""A word counts wherever a document has it, and only as that word."""

import pytest

from factors.base import Clause, Question
from factors.text import Kind, Term, TextSnippet, Words
from tests.factors.scenes import FACTORS, Live, colour, documents, image_features, label, text_of

pytestmark = pytest.mark.engine


def column(text: str) -> Clause:
    (found,) = FACTORS.by_name("coverage").clauses(
        Question(words=Words(tuple(Term(word) for word in text.split())), word_fields=FACTORS.word_fields)
    )
    return found


def test_words_are_found_across_what_was_said_read_and_seen(live: Live) -> None:
    made = documents(
        {
            "seen": image_features(labels=(label("n04285008", 0.9),), colours=(colour("red", 0.9),)),
            "read": image_features(text=text_of("RED CAR for sale")),
            "said": image_features(),
            "half": image_features(labels=(label("n04285008", 0.9),), colours=(colour("blue", 0.9),)),
            "none": image_features(colours=(colour("white", 0.9),)),
        }
    )
    made["said"] |= FACTORS.by_name("linked_text").snippet_fields_of(
        [TextSnippet(Kind.CAPTION, "Two cars, both red", "en")], {}
    )
    live.put(made)
    table = live.table([column("red car")], list(made))
    assert {key: row.get("coverage") for key, row in table.items()} == {
        "seen": 1.0, "read": 1.0, "said": 1.0, "half": 0.5, "none": None,
    }  # fmt: skip
    assert set(live.found(column("red car"))) == {"seen", "read", "said", "half"}


def test_a_stem_of_another_language_is_not_the_word(live: Live) -> None:
    live.put(
        {"coach": FACTORS.by_name("linked_text").snippet_fields_of([TextSnippet(Kind.CAPTION, "Les cars jaunes", "fr")], {})}
    )
    assert live.table([column("yellow car")], ["coach"]) == {"coach": {}}


def test_one_word_is_there_or_not(live: Live) -> None:
    made = {
        "said": FACTORS.by_name("linked_text").snippet_fields_of([TextSnippet(Kind.CAPTION, "A car", "en")], {}),
        "none": {},
    }
    live.put(made)
    assert live.table([column("car")], list(made)) == {"said": {"coverage": 1.0}, "none": {}}
