"""Whatever fails, the answer comes without it and says so, or one error says what is wrong."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from engine.connections import Context, connect
from engine.errors import EngineUnavailable, NotFoundError, WeightsMismatchError
from engine.settings import Settings
from factors import knn
from factors.base import Clause, Evidence, Factor, Feature, Json, Question
from factors.registry import FactorRegistry
from query.answer import Answer
from query.document import show
from query.engine_calls import Calls
from query.request import SearchRequest
from query.search import Searcher
from tests.factors.scenes import FINGERPRINTS, Live, label
from tests.query.query_scenes import BOX, StubExtractor, png, towards

EVERYTHING: Json = {"match_all": {}}
UNKNOWN_IDS = ["nobody", "", "..", ".", "a/b", "*", "_search", "x" * 600, "x" * 9000, "dog0?x", "%2e%2e"]


class Odd(Factor):
    """A factor that a stranger wrote; it fails in the way that a test chooses."""

    name: ClassVar[str] = "odd"
    title: ClassVar[str] = "Odd"
    features: ClassVar[tuple[Feature, ...]] = (Feature("odd", retrieval_is_evidence=True),)
    about: ClassVar[str] = ""

    def __init__(self, clause: Clause | None) -> None:
        self.clause = clause

    def clauses(self, question: Question) -> list[Clause]:
        if self.clause is None:
            raise ZeroDivisionError("no clause at all")
        return [self.clause]

    def explain(self, evidence: Evidence) -> str:
        raise KeyError("nothing to say")

    def box(self, evidence: Evidence) -> list[float] | None:
        raise IndexError("no box")


@pytest.fixture()
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            try:
                while True:
                    taken.append(listening.accept()[0])
            except OSError:
                return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    for connection in taken:
        connection.close()


def searcher_at(settings: Settings, port: int) -> Searcher:
    asked = settings.model_copy(update={"opensearch_url": f"http://127.0.0.1:{port}", "opensearch_timeout": 1.0})
    return Searcher(Context(asked), StubExtractor)


def answered(searcher: Searcher, **request: Any) -> Answer:
    return searcher.search(SearchRequest.model_validate({"number": 50} | request))


WithOdd = Callable[..., Searcher]


@pytest.fixture()
def with_odd(full: Live, live_settings: Settings, calibrated: None, monkeypatch: pytest.MonkeyPatch) -> WithOdd:
    """Makes a searcher that has the odd factor, too; no model knows it."""
    settings = live_settings.model_copy(update={"ranker": "fusion"})

    def make(clause: Clause | None, features: tuple[Feature, ...] = Odd.features, **changes: Any) -> Searcher:
        monkeypatch.setattr(Odd, "features", features)
        changed = settings.model_copy(update=changes)
        factors = FactorRegistry(changed, (*FactorRegistry.of(settings).every, Odd(clause)))
        return Searcher(Context(changed, full.client), StubExtractor, factors)

    return make


@pytest.fixture()
def closed() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.mark.timeout(30)
@pytest.mark.parametrize("request_", [{}, {"text": "dog"}, {"like": "dog0"}, {"image": png()}, {"text": "shape:round"}])
def test_an_engine_that_is_down(settings: Settings, closed: int, request_: dict[str, Any]) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        searcher_at(settings, closed).search(SearchRequest.model_validate(request_))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("request_", [{}, {"text": "dog"}, {"like": "dog0"}])
def test_an_engine_that_hangs(settings: Settings, silent: int, request_: dict[str, Any]) -> None:
    with pytest.raises(EngineUnavailable, match="did not answer in time"):
        searcher_at(settings, silent).search(SearchRequest.model_validate(request_))


@pytest.mark.timeout(30)
def test_all_requests_of_a_search_share_its_time(settings: Settings, silent: int) -> None:
    patient = settings.model_copy(update={"opensearch_url": f"http://127.0.0.1:{silent}", "opensearch_timeout": 300.0})
    calls = Calls(connect(patient), "pictures", seconds=0.5)
    with pytest.raises(EngineUnavailable, match="did not answer in time"):
        calls.search({})
    with pytest.raises(EngineUnavailable, match=r"took longer than 0\.5 s for one search"):
        calls.msearch([{}])


@pytest.mark.engine
@pytest.mark.timeout(60)
def test_an_engine_that_hangs_between_two_requests(full: Live, live_settings: Settings, silent: int) -> None:
    hasty = live_settings.model_copy(update={"opensearch_timeout": 1.0})
    client = connect(hasty)
    searcher = Searcher(Context(hasty, client), StubExtractor)
    assert answered(searcher, text="dog").total == 4
    client.transport.set_connections([{"host": "127.0.0.1", "port": silent}])
    with pytest.raises(EngineUnavailable, match="did not answer in time"):
        searcher.search(SearchRequest(text="dog"))


@pytest.mark.engine
@pytest.mark.parametrize("asked", [{"text": "dog"}, {"like": "dog0"}, {"image": png()}])
@pytest.mark.parametrize(
    ("clause", "why"),
    [
        (None, "Odd (odd) was left out: ZeroDivisionError: no clause at all"),
        (
            Clause("odd", {"script_score": {"query": EVERYTHING, "script": {"source": "doc['nowhere'].value"}}}),
            "Odd (odd) was left out: ",
        ),
        (Clause("odd", EVERYTHING, retrieve=knn.retrieve("nowhere", [1.0], 5, [])), "Odd (odd) was left out: "),
        (Clause("odd", knn.exact("similar", [1.0, 2.0]), retrieve=EVERYTHING), "Odd (odd) was left out: "),
        (Clause("odd", {"nonsense": {}}), "Odd (odd) was left out: "),
        (Clause("odd", EVERYTHING, retrieve={"nonsense": {}}), "Odd (odd) was left out: "),
        (Clause("odd", EVERYTHING, retrieve={"script": {"script": "1 / 0"}}), "Odd (odd) was left out: "),
    ],
    ids=["raises", "score-of-no-field", "find-of-no-field", "wrong-dimension", "no-query", "find-of-no-query", "script"],
)
def test_a_factor_that_fails_is_left_out(searcher: Searcher, with_odd: WithOdd, asked: Any, clause: Any, why: str) -> None:
    answer = answered(with_odd(clause), **asked)
    assert answer.results == answered(searcher, **asked).results and answer.results
    (warning,) = answer.warnings
    assert warning.startswith(why) and len(warning) > len("Odd (odd) was left out: ")


@pytest.mark.engine
def test_a_column_out_of_the_default_set_is_asked_where_a_setting_names_it(with_odd: WithOdd) -> None:
    odd = Clause("odd", {"term": {"id": "dog2"}}, retrieve={"term": {"id": "dog2"}})
    disabled = (Feature("odd", retrieval_is_evidence=True, enabled_by_default=False),)
    assert "dog2" not in [result.id for result in answered(with_odd(odd, features=disabled), text="cat").results]
    asked = answered(with_odd(odd, features=disabled, more_columns=("odd",)), text="cat")
    assert "dog2" in [result.id for result in asked.results if "odd" in result.factors]


@pytest.mark.engine
def test_an_explanation_that_fails_is_plain(with_odd: WithOdd) -> None:
    odd = Clause("odd", {"constant_score": {"filter": {"term": {"id": "dog2"}}, "boost": 0.5}})
    answer = answered(with_odd(odd), text="dog")
    (speaking,) = [result for result in answer.results if "odd" in result.factors]
    assert speaking.id == "dog2" == answer.results[0].id
    assert "Odd: 0.500" in [why.text for why in speaking.why]
    assert speaking.box is None and answer.warnings == []


@pytest.mark.engine
def test_a_extractor_that_fails_on_the_question_takes_its_factors_along(
    full: Live, searcher: Searcher, stub: StubExtractor
) -> None:
    stub.whole = stub.whole.with_values(labels=(label("n02088364", 0.9),), colours=None).with_failures({"colours": "no light"})
    answer = answered(searcher, image=png())
    assert answer.warnings == ["colours failed on your picture (no light); left out: Colours"]
    assert set(answer.results[0].factors) == {"similar", "objects", "labels"}
    assert "colours" not in {name for result in answer.results for name in result.factors}


@pytest.mark.engine
def test_a_failure_is_not_remembered(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    sound, stub.whole = stub.whole, stub.whole.with_values(embedding=None).with_failures({"embedding": "no memory"})
    failed = answered(searcher, image=png())
    assert (failed.total, failed.results) == (0, []), "rather than everything that there is"
    assert failed.warnings == ["embedding failed on your picture (no memory); left out: Object in the image, Similar image"]
    stub.whole = sound
    assert answered(searcher, image=png()).results[0].id == "dog0"
    stub.whole = stub.whole.with_values(embedding=None).with_failures({"embedding": "no memory"})
    assert answered(searcher, image=png(1), text="cat").results[0].id == "cat0", "words still find"


@pytest.mark.engine
@pytest.mark.parametrize(
    "asked", [{"image": png()}, {"image": png(), "box": [0, 0, 0.3, 0.3]}, {"image": png(), "text": "dog"}]
)
def test_other_weights_than_the_index_has(full: Live, searcher: Searcher, stub: StubExtractor, asked: dict[str, Any]) -> None:
    stub.made_by = FINGERPRINTS | {"embedding": "embedding@2"}
    with pytest.raises(WeightsMismatchError, match=r"embedding made by embedding@1, .* made by embedding@2"):
        answered(searcher, **asked)


@pytest.mark.engine
def test_other_weights_matter_only_where_they_look(full: Live, searcher: Searcher, stub: StubExtractor) -> None:
    stub.made_by = FINGERPRINTS | {"embedding": "embedding@2"}
    assert answered(searcher, text="dog").total == 4
    assert answered(searcher, like="dog0").total == 11
    assert answered(searcher, like="dog0", box=BOX.as_list()).total == 11
    stub.made_by, stub.whole = FINGERPRINTS | {"phash": "phash@2"}, stub.whole.with_values(embedding=towards(1))
    assert answered(searcher, image=png()).results[0].id == "cat0", "no hash was asked with"


@pytest.mark.engine
def test_a_document_that_is_not_there(full: Live, searcher: Searcher, live_settings: Settings) -> None:
    for unknown in UNKNOWN_IDS:
        with pytest.raises(NotFoundError, match="there is no picture"):
            answered(searcher, like=unknown)
        with pytest.raises(NotFoundError, match="there is no picture"):
            show(Context(live_settings, full.client), unknown)
    with pytest.raises(NotFoundError, match="there is no picture"):
        show(Context(live_settings, full.client), "\ud800")
