"""Phrases of linked text, their votes, and what is said to be the same."""

import numpy as np
import pytest

from answers.neighbours import Neighbour
from answers.tags.candidates import Candidate, Vote, candidates_of, supported
from answers.tags.lexicon import Lexicon, english
from answers.tags.merging import Scored, are_forms, are_same, differ, is_broader, merged, similar_pairs, with_broader
from answers.tags.phrases import phrases
from answers.tags.tagging import ordered
from answers.tags.words import key, quantities
from factors.text import Kind
from vision.image_features import Vector, unit

Json = dict[str, object]


def neighbour(place: int, *texts: str, language: str = "en", page: str = "", probability: float = 0.5) -> Neighbour:
    snippets = [
        {"kind": "caption", "text": text, "language": language, "page": page, "weight": 1.0, "reason": ""} for text in texts
    ]
    document: Json = {"texts": snippets, "sources": [{"collection": "c", "page": page}]}
    return Neighbour(place, 1.0, probability, {f"d{place}": document})


def candidate(name: str, *places: int, language: str = "en", weight: float = 0.5) -> Candidate:
    """A phrase that the neighbours at these places say."""
    keys = tuple(key(word, language) for word in name.split())
    made = Candidate(language, keys)
    made.forms[name] += 1
    made.votes = {place: Vote(neighbour(place), weight, name, Kind.CAPTION) for place in places}
    return made


def names(text: str, language: str = "en") -> set[str]:
    return {found for _, found in phrases(text, language)}


def said(candidates: list[Candidate]) -> set[str]:
    return {one.name for one in candidates}


def test_noun_phrases_of_english_leave_out_verbs_and_what_says_nothing() -> None:
    found = names("A black and white dog is running on the beach near a couple of people.")
    assert {"dog", "black and white dog", "white dog", "beach", "people"} <= found
    assert not {"is", "is running", "running on", "the beach", "couple", "couple of people", "beach near"} & found


def test_names_that_no_dictionary_has_are_phrases() -> None:
    assert {"Bugs Bunny", "Alpro Blueberry Soyghurt", "SKU-1234"} <= names("Bugs Bunny; Alpro Blueberry Soyghurt (SKU-1234)")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Ein roter Leuchtturm.", "de", "roter Leuchtturm"),
        ("Un perro.", "es", "perro"),
        ("Красный флаг.", "ru", "Красный флаг"),
        ("犬。", "ja", "犬"),
        ("ענן לבן", "he", "ענן לבן"),
        ("नीला फूल", "hi", "नीला फूल"),
    ],
)
def test_phrases_in_other_languages_and_scripts(text: str, language: str, expected: str) -> None:
    assert expected in names(text, language)


@pytest.mark.parametrize("text", ["", "🎉🎉", "<<<>>>", "...", "42", "\u202e\u200f", "a" * 100_000, "<script>" * 10_000])
def test_hostile_text_gives_few_phrases_or_none(text: str) -> None:
    assert len(names(text)) <= 200


def test_forms_of_a_word_have_one_key() -> None:
    assert key("Wolves", "en") == key("wolf's", "en") == key("WOLF", "en")
    assert key("пас", "sr") == key("pas", "sr"), "two scripts of one language"
    assert key("SKU-1234", "en") == key("sku1234", "en")


def test_quantities_are_compared_in_their_base_unit() -> None:
    assert quantities(("flour", "1", "kg")) == quantities(("1000", "g", "flour")) != quantities(("flour", "500", "g"))


def test_each_site_has_one_vote_where_there_are_several() -> None:
    pages = [f"https://{'abbbb'[at]}.example/{at}" for at in range(5)]
    of_two = [neighbour(at + 1, "A red kite", page=page) for at, page in enumerate(pages)]
    kite = next(one for one in candidates_of(of_two) if one.name == "kite")
    assert len(kite.votes) == 5, "of two sites, one would decide alone"
    third = neighbour(6, "A red kite", page="https://c.example/1")
    kite = next(one for one in candidates_of([*of_two, third]) if one.name == "kite")
    assert sorted(kite.votes) == [1, 2, 6]


def test_the_longest_phrase_comes_before_its_parts_where_several_say_it() -> None:
    several = [neighbour(at, "The old lighthouse of Westerhever") for at in (1, 2)]
    found = said(supported(candidates_of(several, ["en"]), 20))
    assert "old lighthouse of Westerhever" in found and "old lighthouse" not in found
    alone = said(supported(candidates_of([several[0]], ["en"]), 20))
    assert {"old lighthouse of Westerhever", "lighthouse"} <= alone


def test_neighbours_that_name_different_things_vote_for_their_kind() -> None:
    birds = [neighbour(1, "A lark."), neighbour(2, "A robin."), neighbour(3, "A hammer.")]
    bird = next(one for one in candidates_of(birds) if one.name == "bird")
    assert sorted(bird.votes) == [1, 2] and all(vote.derived for vote in bird.votes.values())


def test_without_wordnet_every_word_may_be_a_name() -> None:
    empty = Lexicon(None)
    assert empty.names_things("is") and empty.lemma("dogs") == "dog" and empty.familiar_kinds("lark") == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("red shirt", "blue shirt"),
        ("flour 500 g", "flour 1 kg"),
        ("hot sauce", "cold sauce"),
        ("man", "woman"),
        ("5 cents", "50 cents"),
    ],
)
def test_what_differs_in_colour_number_or_by_an_antonym_is_never_the_same(one: str, other: str) -> None:
    ours, theirs = candidate(one, 1, 2), candidate(other, 1, 2)
    related = frozenset((frozenset((ours.keys, theirs.keys)),))
    assert differ(ours.keys, theirs.keys) and not are_same(ours, theirs, related)


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("tugboat", "tug boat", "en"),
        ("leuchtturm", "leuchtturms", "de"),
        ("dogs", "Dog", "en"),
        ("1 kg flour", "1000 g flour", "en"),
    ],
)
def test_forms_merge(one: str, other: str, language: str) -> None:
    ours, theirs = candidate(one, 1, language=language), candidate(other, 2, language=language)
    related = frozenset((frozenset((ours.keys, theirs.keys)),))
    assert are_same(ours, theirs, related)
    assert are_forms(ours.keys, theirs.keys, language) or "flour" in one


def test_other_words_merge_only_where_meaning_and_neighbours_agree() -> None:
    sofa, couch, cat = candidate("sofa", 1, 2, 3), candidate("couch", 1, 2), candidate("cat", 1, 2)
    near, far = unit_of(1.0, 0.1), unit_of(0.0, 1.0)
    assert similar_pairs([sofa, couch, cat], [unit_of(1.0, 0.0), near, far]) == [(0, 1)]
    elsewhere = candidate("couch", 7, 8)
    assert similar_pairs([sofa, elsewhere], [near, near]) == []
    assert similar_pairs([sofa, couch], [None, near]) == [], "a language that the embedding does not know"


def unit_of(*values: float) -> Vector:
    return unit(np.array(values, dtype=np.float32))


def test_the_more_special_tag_leads_and_names_the_broader_ones() -> None:
    rabbit, bugs, cat = candidate("rabbit", 1, 2, 3), candidate("white rabbit", 1, 2), candidate("cat", 4)
    scored = [Scored(rabbit, 0.9, 2.0), Scored(bugs, 0.85, 1.5), Scored(cat, 0.3, -1.0)]
    first, second, third = ordered(scored)
    assert [one.candidate.name for one in (first, second, third)] == ["white rabbit", "rabbit", "cat"]
    assert [one.candidate.name for one in first.broader] == ["rabbit"] and third.broader == []
    unsure = ordered([Scored(rabbit, 0.9, 2.0), Scored(bugs, 0.2, -1.5)])
    assert unsure[0].candidate.name == "rabbit"


def test_kinds_are_broader() -> None:
    assert is_broader(candidate("bird", 1), candidate("lark", 1)) and not is_broader(candidate("lark", 1), candidate("bird", 1))
    assert "bird" in english().kinds("lark")
    assert not is_broader(candidate("vogel", 1, language="de"), candidate("lerche", 1, language="de"))


def test_merging_keeps_the_best_and_names_the_others() -> None:
    found = merged([Scored(candidate("tugboat", 1), 0.9, 2.0), Scored(candidate("tug boat", 2), 0.5, 0.0)])
    assert len(found) == 1 and [one.name for one in found[0].also] == ["tug boat"]
    assert with_broader(found, found)[0].broader == []
