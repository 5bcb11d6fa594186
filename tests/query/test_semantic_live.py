"""Words, pictures and linked text in one space, asked of the live server."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from factors.text import Kind, Term, TextSnippet, Words
from ingest.documents import new_document
from ingest.fields import ExtractedImage
from ingest.item import Item
from ingest.snippet_encoder import SnippetEncoder
from query.answer import Answer
from query.encoder import EXCLUDED_WEIGHT, TextQueryEncoder
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.scenes import FACTORS, FINGERPRINTS, Live
from tests.query.query_scenes import BOX, HEIGHT, WIDTH, StubExtractor, png, towards
from vision.image_features import ImageFeatures, Object

pytestmark = pytest.mark.engine
CHAIR, RED, BLUE, DOG, SNOW = (towards(axis) for axis in range(5))


class Texts(StubExtractor):
    """Reads the texts of documents, too."""

    def understands(self, text: str, language: str = "") -> bool:
        """The given vectors."""
        return text in self.text_vectors

    def min_agreement(self) -> float | None:
        """Nobody measured it."""
        return None


def unit(vector: Any) -> Any:
    return vector / np.linalg.norm(vector)


def place(name: str, joint: Any, text: str = "", meanings: SnippetEncoder | None = None) -> dict[str, Any]:
    """The document of a picture of which nothing is known but where it lies, and perhaps what was written beside it."""
    snippets = (TextSnippet(Kind.CAPTION, text, "en"),) if text else ()
    seen = ExtractedImage(ImageFeatures(name, WIDTH, HEIGHT, joint=joint), "PNG", 10, FINGERPRINTS)
    return new_document(seen, [Item("s", name, "c", original=name, snippets=snippets)], "job", FACTORS.active, meanings)


@pytest.fixture()
def chairs(live: Live, stub: StubExtractor) -> Live:
    """Chairs and dogs without a word of text."""
    stub.text_vectors = {"a red chair": unit(CHAIR + RED), "red": RED, "dog": DOG, "snow": SNOW}
    stub.whole = ImageFeatures("", WIDTH, HEIGHT, joint=unit(CHAIR + BLUE))
    pictures = {
        "red chair": unit(CHAIR + RED), "blue chair": unit(CHAIR + BLUE), "dog": DOG, "dog in snow": unit(DOG + SNOW),
    }  # fmt: skip
    live.put({name: place(name, joint) for name, joint in pictures.items()})
    return live


def ask(searcher: Searcher, **request: Any) -> Answer:
    return searcher.search(SearchRequest.model_validate({"number": 50} | request))


def ids(answer: Answer) -> list[str]:
    return [result.id for result in answer.results]


def test_words_find_a_picture_that_has_no_text(chairs: Live, searcher: Searcher, stub: StubExtractor) -> None:
    answer = ask(searcher, text="a red chair")
    assert ids(answer)[0] == "red chair" and set(answer.results[0].factors) == {"semantic.words"}
    assert answer.results[0].why[0].text == "The picture shows what your words mean (cosine 1.00)."
    assert not stub.extracted, "no image was extracted"


def test_words_beside_a_picture_move_the_order(chairs: Live, searcher: Searcher) -> None:
    assert ids(ask(searcher, image=png()))[:2] == ["blue chair", "red chair"]
    moved = ask(searcher, image=png(), text="red")
    assert ids(moved)[:2] == ["red chair", "blue chair"]
    assert any("together with your words" in why.text for why in moved.results[0].why)


def test_words_move_a_chosen_object_as_well(chairs: Live, searcher: Searcher, stub: StubExtractor) -> None:
    stub.whole = stub.whole.with_values(joint=DOG, objects=(Object("chair", 0.9, BOX, towards(6)),))
    stub.part = ImageFeatures("", WIDTH, HEIGHT, joint=unit(CHAIR + BLUE))
    assert ids(ask(searcher, image=png(), box=BOX.as_list(), text="red"))[:2] == ["red chair", "blue chair"]


def test_what_is_not_wanted_is_taken_away(chairs: Live, searcher: Searcher) -> None:
    assert ids(ask(searcher, text="dog -snow"))[:2] == ["dog", "red chair"] or ids(ask(searcher, text="dog -snow"))[0] == "dog"
    values = {result.id: result.factors["semantic.words"] for result in ask(searcher, text="dog -snow").results}
    assert values["dog in snow"] < 0.5 + 0.5 * float(DOG @ unit(DOG + SNOW)), "farther than from the dog alone"


def test_a_picture_finds_text_that_was_written_beside_another(live: Live, searcher: Searcher, stub: StubExtractor) -> None:
    meanings = SnippetEncoder(Texts(text_vectors={"An easy chair": CHAIR, "Our dog": DOG}))
    stub.whole = ImageFeatures("", WIDTH, HEIGHT, joint=unit(CHAIR + BLUE))
    live.put({text: place(text, None, text, meanings) for text in ("An easy chair", "Our dog")})
    answer = ask(searcher, image=png())
    assert ids(answer)[0] == "An easy chair" and set(answer.results[0].factors) == {"linked_semantic"}
    assert answer.results[0].why[0].text.startswith("Text linked to it is about what your picture shows")


def test_words_find_text_that_says_the_same_in_other_words(live: Live, searcher: Searcher, stub: StubExtractor) -> None:
    stub.text_vectors = {"seat": unit(CHAIR + 0.1 * RED)}
    meanings = SnippetEncoder(Texts(text_vectors={"An easy chair": CHAIR, "Our dog": DOG}))
    live.put({text: place(text, None, text, meanings) for text in ("An easy chair", "Our dog")})
    assert ids(ask(searcher, text="seat"))[0] == "An easy chair"


def test_without_the_text_model_words_are_found_as_they_stand(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    stub.text_vectors = {"dog": DOG}

    def fails(texts: object) -> Any:
        raise RuntimeError("out of memory")

    stub.encode_text = fails  # type: ignore[method-assign]
    answer = ask(searcher, text="dog")
    assert ids(answer)[0].startswith("dog")
    assert any("out of memory" in warning and "Same meaning" in warning for warning in answer.warnings)


def test_texts_of_other_weights_are_left_out_with_a_warning(chairs: Live, searcher: Searcher, stub: StubExtractor) -> None:
    stub.made_by = FINGERPRINTS | {"joint": "joint@2"}
    answer = ask(searcher, text="dog")
    assert any("joint@2" in warning for warning in answer.warnings)
    assert not any("semantic.words" in result.factors for result in answer.results)


def test_a_text_that_is_asked_again_is_not_read_again() -> None:
    stub, read = StubExtractor(text_vectors={"red": RED, "snow": SNOW}), []

    class Counting:
        def encode_text(self, texts: Any) -> Any:
            read.extend(texts)
            return stub.encode_text(texts)

        understands = stub.understands

    reader = TextQueryEncoder(Counting)  # type: ignore[arg-type]
    words = Words((Term("red"),), must_not=(Term("snow"),))
    assert reader.encode(words) == pytest.approx(unit(RED - EXCLUDED_WEIGHT * SNOW))
    assert reader.encode(replace(words, must=(Term("red"),), should=())) == pytest.approx(unit(RED - EXCLUDED_WEIGHT * SNOW))
    assert read == ["red", "snow"]
    assert reader.encode(Words((Term("шум"),))) is None
