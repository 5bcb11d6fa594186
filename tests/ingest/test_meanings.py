"""What linked text means, and where it disagrees with its own picture."""

from collections.abc import Sequence

import numpy as np
import pytest

from factors.linked import Kind, Piece
from factors.linked_meaning import mean_of
from ingest.disagreement import DOUBTED, REASON
from ingest.documents import Seen, new_document
from ingest.item import Item
from ingest.meanings import MOST, Meanings
from tests.ingest.seeing import FINGERPRINTS, perception_of
from vision.perception import Vector

ID = "ab" * 32
SEEN = perception_of(ID)
ACROSS = np.roll(SEEN.joint, 1) - (np.roll(SEEN.joint, 1) @ SEEN.joint) * SEEN.joint
RIGHT, WRONG = "a brown dog runs on the beach", "our shop ships to all countries"


class Reader:
    """Texts about a dog agree with the picture, others have nothing to do with it."""

    def __init__(self) -> None:
        self.read_texts: list[str] = []

    def read(self, texts: Sequence[str]) -> Vector:
        self.read_texts += texts
        rows = np.stack([SEEN.joint if "dog" in text else ACROSS for text in texts])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def understands(self, text: str, language: str = "") -> bool:
        return language in ("", "en")

    def least_agreement(self) -> float | None:
        return 0.3


def document(*pieces: Piece, reader: Reader | None = None) -> dict[str, object]:
    item = Item("s", "r", "c", original=ID, pieces=pieces)
    return new_document(Seen(SEEN, "PNG", 1, FINGERPRINTS), [item], "job", Meanings(reader or Reader()))


def test_a_text_that_disagrees_with_its_picture_counts_less_and_says_why() -> None:
    made = document(Piece(Kind.CAPTION, RIGHT, "en"), Piece(Kind.ALT, WRONG, "en"))
    told = {text["text"]: (text["weight"], text["reason"]) for text in made["texts"]}
    assert told == {RIGHT: (1.0, ""), WRONG: (DOUBTED, REASON)}
    assert WRONG in made["linked"]["all"] and WRONG not in made["linked"]["strong"]
    assert np.asarray(made["linked_meaning"]) @ SEEN.joint > 0.9
    assert [text["weight"] for text in made["sources"][0]["texts"]] == [1.0, 1.0], "what the place said stays as it was"


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
    assert [piece["weight"] for piece in document(Piece(kind, text, language))["texts"]] == [1.0]


def test_a_text_that_is_kept_apart_already_is_not_read() -> None:
    made = document(Piece(Kind.ALT, WRONG, "en", weight=0.1, reason="on every page"))
    assert [(text["weight"], text["reason"]) for text in made["texts"]] == [(0.1, "on every page")]
    assert "linked_meaning" not in made


def test_only_a_handful_of_texts_is_read_and_each_once() -> None:
    reader = Reader()
    meanings = Meanings(reader)
    pieces = [Piece(Kind.NEARBY, f"text number{n} near it", "en") for n in range(50)]
    pieces += [Piece(Kind.TITLE, "the title", "en"), Piece(Kind.TITLE, "der Titel", "de")]
    read = meanings.of(pieces, {})
    assert sum(piece.meaning is not None for piece in read) == len(reader.read_texts) == MOST
    assert "the title" in reader.read_texts and "der Titel" not in reader.read_texts
    meanings.of(pieces, {})
    assert len(reader.read_texts) == MOST


def test_a_model_that_fails_leaves_text_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Reader):
        def read(self, texts: Sequence[str]) -> Vector:
            raise RuntimeError("no memory")

    made = document(Piece(Kind.CAPTION, RIGHT, "en"), reader=Broken())
    assert "linked_meaning" not in made and made["linked"]["all"] == [RIGHT]
    assert "linked text was not read" in caplog.text


def test_pieces_count_by_their_weight_and_meanings_are_not_kept() -> None:
    one, other = np.eye(4, dtype=np.float32)[:2]
    piece = Piece(Kind.CAPTION, "a", meaning=one)
    mean = mean_of([piece, Piece(Kind.ALT, "b", weight=0.5, meaning=other), Piece(Kind.ALT, "c", weight=0.0, meaning=other)])
    assert mean == pytest.approx(np.array([1, 0.5, 0, 0]) / np.sqrt(1.25))
    assert mean_of([Piece(Kind.CAPTION, "a")]) is None
    assert "meaning" not in piece.as_json() and Piece.from_json(piece.as_json()) == piece
