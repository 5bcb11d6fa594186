"""Questions that ask for more than the engine takes are answered as far as it goes."""

import pytest

from query import retrieval
from query.answer import Answer
from query.engine_calls import RefusedError
from query.request import SearchRequest
from query.retrieval import Row
from query.search import Searcher
from tests.factors.scenes import Live

pytestmark = pytest.mark.engine
LIMITED = "only the first 16 words of the question are looked for"
OTHERS = [f"w{n}" for n in range(40)]


def ask(searcher: Searcher, text: str, **more: object) -> Answer:
    return searcher.search(SearchRequest.model_validate({"text": text, "number": 50} | more))


def ids(answer: Answer) -> set[str]:
    return {result.id for result in answer.results}


def test_the_first_words_are_looked_for(full: Live, searcher: Searcher) -> None:
    early, late = ask(searcher, " ".join(["dog", *OTHERS])), ask(searcher, " ".join([*OTHERS, "dog"]))
    assert ids(early) == {f"dog{n}" for n in range(4)} and ids(late) == set()
    assert early.warnings == late.warnings == [LIMITED]
    assert ask(searcher, " ".join([*OTHERS[:15], "dog"])).warnings == []


def test_required_words_go_before_others(full: Live, searcher: Searcher) -> None:
    assert ids(ask(searcher, " ".join([*OTHERS, "+dog"]))) == {f"dog{n}" for n in range(4)}
    assert ids(ask(searcher, " ".join(["dog", *OTHERS, "-blue"]))) == {f"dog{n}" for n in range(4)}


def test_a_long_phrase_is_looked_for_by_its_beginning(full: Live, searcher: Searcher) -> None:
    answer = ask(searcher, '"' + " ".join(OTHERS) + '"')
    assert answer.total == 0, "and not everything that there is"
    assert answer.warnings[0] == LIMITED and answer.warnings[1].startswith("no picture is left with w0 w1 ")


def test_words_between_commas_are_words(full: Live, searcher: Searcher) -> None:
    assert ask(searcher, ",".join(["dog", *OTHERS])).warnings == [LIMITED]
    assert ids(ask(searcher, ",".join(["dog", *OTHERS]))) == {f"dog{n}" for n in range(4)}
    (warning,) = ask(searcher, "हिन्दी में बहुत सारे शब्द हैं और वे सब ठीक हैं").warnings
    assert warning.startswith("the text model does not know"), "and no limit is reached: marks are parts of letters"


@pytest.mark.parametrize("word", ["maison", "дом", "猫東京タワーが好き", "a-b.c/d", "naïve", "שלום", "한국어", "ไทย"])
@pytest.mark.parametrize("sign", ["", "+"])
def test_a_picture_is_answered_whatever_the_words(full: Live, searcher: Searcher, word: str, sign: str) -> None:
    answer = ask(searcher, " ".join(f"{sign}{word}{n},été{n}" for n in range(16)), like="dog0")
    assert answer.total == (0 if sign else 11)


def test_the_table_is_the_same_when_its_columns_are_asked_for_one_by_one(
    full: Live, searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = {"like": "dog0", "text": "blue dog plate", "filters": {"category": ["pets"]}}
    together = searcher.search(SearchRequest.model_validate(question))
    monkeypatch.setattr(retrieval, "_rows", refuse)
    alone = searcher.search(SearchRequest.model_validate(question))
    assert [result.model_dump() for result in alone.results] == [result.model_dump() for result in together.results]
    assert alone.results and alone.warnings == []


def refuse(*_: object) -> dict[str, Row]:
    raise RefusedError("too many clauses")
