"""Tags of pictures, asked of the real server."""

from typing import Any

import numpy as np
import pytest
from opensearchpy import OpenSearch

from answers.neighbours import neighbours_of
from answers.tag import Tags
from answers.tags import tags_for, tags_of
from answers.tags.tagging import NOTHING_INDEXED
from engine.connections import Context
from engine.errors import BadQuestion
from engine.settings import Settings
from factors.text import Kind, TextSnippet
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.scenes import DIMENSION, Live
from tests.query.query_scenes import StubExtractor, document, png, seen, towards
from vision.image_features import ImageFeatures, Vector

pytestmark = pytest.mark.engine
HOSTILE = '<script>alert("omma")</script> \u202egnp.exe 🎉'


class Encoding(StubExtractor):
    """Knows every text."""

    def encode_text(self, texts: Any) -> Vector:
        """The same direction for all."""
        return np.stack([towards(0)[:DIMENSION] for _ in texts])


@pytest.fixture()
def stub() -> StubExtractor:
    return Encoding()


def ask(searcher: Searcher, **request: Any) -> Tags:
    return tags_for(searcher, SearchRequest(**request), ["en"])


def test_a_picture_is_called_what_the_text_of_similar_ones_says(full: Live, searcher: Searcher) -> None:
    found = ask(searcher, image=png())
    assert found.tags[0].name == "dog" and not found.note
    first = found.tags[0]
    assert {one.id for one in first.evidence} >= {"dog0", "dog1"} and "dog" in first.evidence[0].words
    assert 0 < first.confidence < 1 and first.is_certain == (first.confidence >= found.certain)
    assert found.perhaps == (not any(tag.is_certain for tag in found.tags))


def test_the_own_text_of_a_document_is_not_read(live: Live, searcher: Searcher) -> None:
    live.put({f"dog{n}": document(seen(f"dog{n}", "dog", n), caption="A dog") for n in (0, 1, 2)})
    live.put({"dog3": document(seen("dog3", "dog", 3), caption="A zeppelin")})
    names = {tag.name for tag in ask(searcher, like="dog3").tags}
    assert "dog" in names and "zeppelin" not in names


def test_a_part_of_a_picture_has_tags_of_its_own(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    stub.part = ImageFeatures("", 32, 24, embedding=towards(2))
    assert ask(searcher, image=png(), box=[0.25, 0.125, 0.5, 0.5]).tags[0].name == "car"


def test_languages_are_chosen(live: Live, searcher: Searcher) -> None:
    texts = (TextSnippet(Kind.CAPTION, "Ein Hund", "de"), TextSnippet(Kind.CAPTION, "A dog", "en"))
    live.put({f"dog{n}": document(seen(f"dog{n}", "dog", n)) | {"texts": [one.as_json() for one in texts]} for n in (0, 1)})
    found = tags_for(searcher, SearchRequest(image=png()), ["de", "en"])
    assert {("de", "Hund"), ("en", "dog")} <= {(tag.language, tag.name) for tag in found.tags}
    assert tags_for(searcher, SearchRequest(image=png()), ["fi"]).note == "the text of the similar pictures names nothing in fi"


def test_without_text_or_neighbours_the_answer_says_why(live: Live, searcher: Searcher) -> None:
    assert "nothing" in ask(searcher, image=png()).note
    live.put({"dog0": document(seen("dog0", "dog", 0))})
    assert ask(searcher, image=png()).note == "the similar pictures have no text"
    with pytest.raises(BadQuestion, match="name the picture"):
        ask(searcher, text="dog")


def test_before_anything_is_indexed_the_answer_says_so(
    client: OpenSearch, live_settings: Settings, stub: StubExtractor
) -> None:
    assert tags_for(Searcher(Context(live_settings, client), lambda: stub), SearchRequest(image=png())).note == NOTHING_INDEXED


def test_hostile_text_is_only_text(live: Live, searcher: Searcher) -> None:
    live.put({f"dog{n}": document(seen(f"dog{n}", "dog", n), caption=f"{HOSTILE} A dog " + "x" * 9000) for n in (0, 1)})
    found = ask(searcher, image=png())
    assert "dog" in {tag.name for tag in found.tags}
    assert not any(mark in tag.name for tag in found.tags for mark in '<>\u202e🎉"')
    assert all(len(one.words) <= 200 for tag in found.tags for one in tag.evidence)


def test_a_text_model_that_fails_costs_a_warning(full: Live, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(texts: Any) -> Vector:
        raise RuntimeError("no model")

    monkeypatch.setattr(searcher, "encode_text", broken)
    found = ask(searcher, image=png())
    assert found.tags[0].name == "dog" and any("no model" in warning for warning in found.warnings)


def test_neighbours_that_were_read_are_not_read_again(full: Live, searcher: Searcher) -> None:
    values = searcher.run(SearchRequest(image=png()), until="group")
    found = neighbours_of(values)
    assert tags_of(searcher, values, ["en"], found) == tags_of(searcher, values, ["en"])
