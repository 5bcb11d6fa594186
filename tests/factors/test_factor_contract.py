"""What every factor owes: the way back, evidence for people, and a page that is up to date."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cli import docs as docs_command
from factors.base import Evidence, Factor, Question
from factors.registry import own_factors
from factors.text import Kind, Term, TextSnippet, Words
from query.page import MARKS
from tests.factors.sample import question
from tests.factors.scenes import FACTORS, Live, an_object, colour, documents, image_features, label, points, text_of, unit
from tests.present import present

BUILT_IN = own_factors()
RNG = np.random.default_rng(3)
SEEN = image_features(
    embedding=unit(RNG),
    products=unit(RNG),
    labels=(label("n02088364", 0.8), label("n04285008", 0.1)),
    objects=(an_object(RNG), an_object(RNG, "car")),
    text=text_of("BOSCH GSB-120/LI", "Продажа билетов"),
    colours=(colour("red", 0.7), colour("white", 0.3)),
    phash=0xF234_5678_9ABC_DEF0,
    local=points(RNG),
)


def by_words(*words: str) -> Question:
    return Question(words=Words(tuple(Term(word) for word in words)))


@pytest.mark.parametrize("factor", BUILT_IN, ids=lambda f: f.name)
def test_what_is_recalled_makes_the_same_fields_again(factor: Factor) -> None:
    document: dict[str, Any] = {"missing": []} | factor.image_fields(SEEN)
    observed = {extractor: seen for extractor, seen in factor.restore(document).items() if extractor in factor.reads}
    again = image_features(**{extractor: SEEN.of(extractor) for extractor in factor.reads} | observed)
    assert factor.image_fields(again) == factor.image_fields(SEEN)


def test_everything_that_a_question_needs_is_recalled() -> None:
    document: dict[str, Any] = {"missing": []} | documents({"d": SEEN})["d"]
    restored: dict[str, Any] = {}
    for factor in BUILT_IN:
        restored |= factor.restore(document)
    assert np.allclose(restored["embedding"], present(SEEN.embedding), atol=5e-3), "vectors of bytes"
    assert np.allclose(restored["objects"][1].embedding, present(present(SEEN.objects)[1].embedding), atol=5e-3)
    assert restored["phash"] == SEEN.phash
    assert [found.names for found in restored["labels"]] == [found.names for found in present(SEEN.labels)]
    assert [found.rgb for found in restored["colours"]] == [found.rgb for found in present(SEEN.colours)]
    assert restored["text"].lines == present(SEEN.text).lines


@pytest.mark.parametrize("factor", BUILT_IN, ids=lambda f: f.name)
def test_clauses_are_what_the_declared_features_say(factor: Factor) -> None:
    declared = {feature.name: feature for feature in factor.features}
    clauses = {clause.name: clause for clause in factor.clauses(question())}
    assert clauses.keys() == declared.keys()
    by_words = {clause.name for clause in factor.clauses(replace(question(), image_features=None))}
    assert by_words == {name for name, feature in declared.items() if feature.compares != "picture"}
    for name, clause in clauses.items():
        assert (clause.rescore is not None) == declared[name].rescored
        assert clause.retrieve is None or declared[name].retrieves


@pytest.mark.parametrize("factor", BUILT_IN, ids=lambda f: f.name)
def test_fields_of_linked_text_are_declared(factor: Factor) -> None:
    assert set(factor.snippet_fields_of([TextSnippet(Kind.CAPTION, "a red dog", "en")], {"ocr": ["dog"]})) <= set(
        factor.snippet_fields
    )


@pytest.mark.parametrize("name", FACTORS.every_feature_name)
def test_every_feature_name_is_explained_in_a_sentence(name: str) -> None:
    factor = FACTORS.by_name(name)
    document = documents({"d": SEEN})["d"]
    inner = [{"label": "dog", "box": [0.1, 0.2, 0.3, 0.4]}]
    text = factor.explain(Evidence(name, 0.9, document, question(), inner, ["a \ue000dog\ue001 barks"]))
    assert text.endswith((".", "barks")) and 10 < len(text) < 200
    assert "\ue000" not in text
    assert text != factor.explain(Evidence("other", 0.1, {}, question())) or name == "near_duplicate"


def hit(live: Live, factor: Factor, asked: Question, key: str) -> tuple[Evidence, dict[str, list[str]]]:
    """What the page asks of one result by the factor's last clause, and the evidence that it makes of it."""
    clause = factor.clauses(asked)[-1]
    lit = {**MARKS, "fields": factor.highlight(asked), "highlight_query": clause.score}
    query = {"ids": {"values": [key]}}
    found = live.client.search(index=live.index, body={"query": query, "highlight": lit})["hits"]["hits"][0]
    marked = found.get("highlight", {})
    snippets = [snippet for parts in marked.values() for snippet in parts]
    return Evidence(clause.name, 1.0, found["_source"], asked, (), snippets), marked


@pytest.mark.engine
@pytest.mark.parametrize(
    ("asked", "word", "box"),
    [
        ("hammers", "hammer", [0.1, 0.0, 0.09, 0.05]),
        ("B0SCH", "BOSCH", [0.0, 0.0, 0.09, 0.05]),
        ("gsb120li", "GSB-120/LI", [0.0, 0.1, 0.09, 0.05]),
    ],
)
def test_the_words_that_match_are_marked_and_boxed(live: Live, asked: str, word: str, box: list[float]) -> None:
    live.put(documents({"d": image_features(text=text_of("BOSCH hammer", "GSB-120/LI blue"))}))
    factor = FACTORS.by_name("ocr")
    evidence, marked = hit(live, factor, by_words(asked), "d")
    assert any(f"\ue000{word}\ue001" in s for snippets in marked.values() for s in snippets)
    assert factor.box(evidence) == box
    assert word in factor.explain(evidence)


@pytest.mark.engine
def test_linked_text_is_found_in_its_language_and_shown(live: Live) -> None:
    factor = FACTORS.by_name("linked_text")
    texts = {
        "en": TextSnippet(Kind.CAPTION, "Two dogs running", "en"),
        "ru": TextSnippet(Kind.TITLE, "Собаки на снегу", "ru"),
        "ja": TextSnippet(Kind.CAPTION, "雪の中の犬", "ja"),
        "uk": TextSnippet(Kind.CAPTION, "Сова на дереві", "uk"),
    }
    live.put({key: factor.snippet_fields_of([snippet], {}) for key, snippet in texts.items()})
    asked = {"run": "en", "собака": "ru", "犬": "ja", "Дереві": "uk"}
    assert {word: live.found(factor.clauses(by_words(word))[0]) for word in asked} == {w: [key] for w, key in asked.items()}
    evidence, _ = hit(live, factor, by_words("dog"), "en")
    assert factor.explain(evidence).endswith("Two dogs running")


@pytest.mark.engine
def test_the_word_itself_comes_before_a_stem_that_another_language_happens_to_have(live: Live) -> None:
    factor = FACTORS.by_name("linked_text")
    texts = {"sheep": TextSnippet(Kind.TITLE, "Birka.", "hu"), "owl": TextSnippet(Kind.CAPTION, "A bird of the night", "en")}
    texts |= {f"bird{i}": TextSnippet(Kind.CAPTION, f"Bird number {i}", "en") for i in range(8)}
    live.put({key: factor.snippet_fields_of([snippet], {}) for key, snippet in texts.items()})
    found = live.found(factor.clauses(by_words("bird"))[0])
    assert len(found) == len(texts) and found[-1] == "sheep"


@pytest.mark.engine
def test_what_names_the_picture_comes_before_what_stood_near_it(live: Live) -> None:
    factor = FACTORS.by_name("linked_text")
    near, title = TextSnippet(Kind.NEARBY, "A red fire engine", "en"), TextSnippet(Kind.TITLE, "A red fire engine", "en")
    live.put({"near": factor.snippet_fields_of([near], {}), "title": factor.snippet_fields_of([title], {})})
    assert live.found(factor.clauses(by_words("fire", "engine"))[0]) == ["title", "near"]


@pytest.mark.engine
def test_as_many_words_as_a_question_may_have_are_no_trouble(live: Live) -> None:
    words = Words(tuple(Term(f"word{i}") for i in range(32)))
    many = Question(SEEN, words, word_fields=FACTORS.word_fields)
    live.put(documents({"d": SEEN}))
    clauses = [clause for factor in BUILT_IN for clause in factor.clauses(many)]
    assert set(live.table(clauses, ["d"])["d"]) >= {"similar", "objects", "labels", "colours", "near_duplicate"}


@pytest.mark.parametrize("name", docs_command.PAGES)
def test_pages_that_come_from_the_code_are_up_to_date(name: str) -> None:
    assert docs_command.current(name), "run `omma docs`"
