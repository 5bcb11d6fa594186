"""Vectors of linked text, and text that disagrees with its image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from factors.linked_semantic import mean_of
from factors.text import Kind, TextSnippet
from ingest.documents import new_document
from ingest.fields import ExtractedImage
from ingest.item import Item
from ingest.snippet_encoder import DISAGREEING_WEIGHT, MAX_TEXTS, REASON, SnippetEncoder
from tests.factors.scenes import FACTORS
from tests.ingest.seeing import FINGERPRINTS, image_features_of
from tests.present import present
from vision.image_features import Vector, unit

ID = "ab" * 32
SEEN = image_features_of(ID)
JOINT = present(SEEN.joint)
ACROSS = np.roll(JOINT, 1) - (np.roll(JOINT, 1) @ JOINT) * JOINT
RIGHT, WRONG = "a brown dog runs on the beach", "our shop ships to all countries"


class Reader:
    """Texts about a dog agree with the image, others do not."""

    def __init__(self) -> None:
        self.read_texts: list[str] = []

    def encode_text(self, texts: Sequence[str]) -> Vector:
        self.read_texts += texts
        rows = np.stack([JOINT if "dog" in text else ACROSS for text in texts])
        return unit(rows)

    def understands(self, text: str, language: str = "") -> bool:
        return language in ("", "en")

    def min_agreement(self) -> float | None:
        return 0.3


def document(*snippets: TextSnippet, reader: Reader | None = None) -> dict[str, Any]:
    item = Item("s", "r", "c", original=ID, snippets=snippets)
    return new_document(
        ExtractedImage(SEEN, "PNG", 1, FINGERPRINTS), [item], "job", FACTORS.active, SnippetEncoder(reader or Reader())
    )


def test_a_text_that_disagrees_with_its_picture_counts_less_and_says_why() -> None:
    made = document(TextSnippet(Kind.CAPTION, RIGHT, "en"), TextSnippet(Kind.ALT, WRONG, "en"))
    found = {text["text"]: (text["weight"], text["reason"]) for text in made["texts"]}
    assert found == {RIGHT: (1.0, ""), WRONG: (DISAGREEING_WEIGHT, REASON)}
    assert WRONG in made["linked"]["all"] and WRONG not in made["linked"]["strong"]
    assert np.asarray(made["linked_semantic"]) @ JOINT > 0.9
    assert [text["weight"] for text in made["sources"][0]["texts"]] == [1.0, 1.0], "the place's own texts stay as they were"


@pytest.mark.parametrize(
    ("kind", "text", "language"),
    [
        (Kind.TITLE, "Acme", "en"),
        (Kind.CAPTION, "Bosch GSB 120 LI Professional", "en"),
        (Kind.KEYWORDS, "sale shop offers new cheap", "en"),
        (Kind.CAPTION, "unser Laden liefert in alle Länder", "de"),
    ],
)
def test_names_and_foreign_words_cannot_disagree(kind: Kind, text: str, language: str) -> None:
    assert [snippet["weight"] for snippet in document(TextSnippet(kind, text, language))["texts"]] == [1.0]


def test_a_text_that_is_kept_apart_already_is_not_read() -> None:
    made = document(TextSnippet(Kind.ALT, WRONG, "en", weight=0.1, reason="on every page"))
    assert [(text["weight"], text["reason"]) for text in made["texts"]] == [(0.1, "on every page")]
    assert "linked_semantic" not in made


def test_only_a_handful_of_texts_is_read_and_each_once() -> None:
    reader = Reader()
    snippet_encoder = SnippetEncoder(reader)
    snippets = [TextSnippet(Kind.NEARBY, f"text number{n} near it", "en") for n in range(50)]
    snippets += [TextSnippet(Kind.TITLE, "the title", "en"), TextSnippet(Kind.TITLE, "der Titel", "de")]
    read = snippet_encoder.encoded(snippets, None)
    assert sum(snippet.text_embedding is not None for snippet in read) == len(reader.read_texts) == MAX_TEXTS
    assert "the title" in reader.read_texts and "der Titel" not in reader.read_texts
    snippet_encoder.encoded(snippets, None)
    assert len(reader.read_texts) == MAX_TEXTS


def test_a_model_that_fails_leaves_text_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Reader):
        def encode_text(self, texts: Sequence[str]) -> Vector:
            raise RuntimeError("no memory")

    made = document(TextSnippet(Kind.CAPTION, RIGHT, "en"), reader=Broken())
    assert "linked_semantic" not in made and made["linked"]["all"] == [RIGHT]
    assert "linked text was not encoded" in caplog.text


def test_pieces_count_by_their_weight_and_meanings_are_not_kept() -> None:
    one, other = np.eye(4, dtype=np.float32)[:2]
    snippet = TextSnippet(Kind.CAPTION, "a", text_embedding=one)
    mean = mean_of(
        [
            snippet,
            TextSnippet(Kind.ALT, "b", weight=0.5, text_embedding=other),
            TextSnippet(Kind.ALT, "c", weight=0.0, text_embedding=other),
        ]
    )
    assert mean == pytest.approx(np.array([1, 0.5, 0, 0]) / np.sqrt(1.25))
    assert mean_of([TextSnippet(Kind.CAPTION, "a")]) is None
    assert "text_embedding" not in snippet.as_json() and TextSnippet.from_json(snippet.as_json()) == snippet
