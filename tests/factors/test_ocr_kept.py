"""What was read comes back from the document as it was, low-confidence lines count for nothing, and a full page fits in."""

from typing import Any

import pytest

from factors.base import Question
from factors.ocr import Ocr
from factors.text import Term, Words
from tests.factors.scenes import Live, documents, image_features, text_of
from vision.image_features import Box, Line, Text, Word
from vision.reading.tokens import MAX_WORDS

FACTOR = Ocr()


def line(*words: str, sure: float = 0.91) -> Line:
    return Line(tuple(Word(word, sure, Box(0.1, 0.2, 0.3, 0.05)) for word in words))


READ = Text((line("Fresh", "milk"), line("VALIO")), (line("rnilk", "p0wder", sure=0.52), line("x", sure=0.9)))


def asked(word: str) -> Question:
    return Question(words=Words((Term(word),)))


@pytest.mark.parametrize("text", [READ, Text(READ.confident), Text((), READ.low_confidence), Text()])
def test_what_was_read_is_recalled_exactly(text: Text) -> None:
    document: dict[str, Any] = {"missing": []} | FACTOR.image_fields(image_features(text=text))
    assert FACTOR.restore(document) == {"text": text}


def test_what_the_extractor_failed_on_is_not_recalled_as_empty() -> None:
    assert FACTOR.restore({"missing": ["text"]}) == {}


@pytest.mark.engine
def test_faint_lines_are_kept_and_nothing_is_found_by_them(live: Live) -> None:
    live.put(documents({"d": image_features(text=READ)}))
    assert [live.found(clause) for clause in FACTOR.clauses(asked("milk"))] == [["d"], ["d"]]
    assert [live.found(clause) for clause in FACTOR.clauses(asked("p0wder"))] == [[], []]
    assert FACTOR.restore({"missing": []} | live.source("d")) == {"text": READ}


@pytest.mark.engine
def test_a_page_of_ten_thousand_words_is_indexed_and_found(live: Live) -> None:
    lines = [" ".join(f"entry{n * 10 + i}" for i in range(10)) for n in range(1000)]
    assert len(lines) * 10 < MAX_WORDS
    live.put(documents({"big": image_features(text=text_of(*lines)), "small": image_features(text=text_of("other"))}))
    for word in ("entry0", "entry5000", "entry9999"):
        assert [live.found(clause)[0] for clause in FACTOR.clauses(asked(word))] == ["big", "big"]
    assert len(FACTOR.restore({"missing": []} | live.source("big"))["text"].words) == 10_000
