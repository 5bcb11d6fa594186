"""Judgements in files of every kind, in the store, and how far people agree."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.connections import connect
from engine.errors import ConfigurationError, NotFoundError
from engine.settings import Settings
from ranking.judgements import files
from ranking.judgements.judgement import Judgement, Topic, agreement, by_topic, fleiss
from ranking.judgements.store import Judgements
from ranking.learning import exchange

NAMES = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=12)
JUDGEMENTS = st.builds(
    Judgement, topic=NAMES, document=NAMES, grade=st.integers(0, 4), source=st.sampled_from(["person", "clicks", "generated"]),
    rater=st.text(max_size=10), time=st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip


def judgement(document: str, grade: int, rater: str = "Ada", **changes: object) -> Judgement:
    return Judgement.model_validate({"topic": "t", "document": document, "grade": grade, "rater": rater} | changes)


@given(st.lists(JUDGEMENTS, max_size=8))
def test_our_own_lines_lose_nothing(tmp_path_factory: pytest.TempPathFactory, judgements: list[Judgement]) -> None:
    path = tmp_path_factory.mktemp("files") / "judgements.jsonl"
    files.write(path, [], judgements)
    assert files.read(path) == ([], judgements)


def test_qrels_and_quepid_come_back_with_what_they_can_say(tmp_path: Path) -> None:
    topics = [Topic(text="red shoe, size 4").named(), Topic(like="d1").named()]
    judgements = [
        judgement("a", 4, topic=topics[0].id),
        judgement("b", 0, topic=topics[0].id),
        judgement("c", 2, topic=topics[1].id),
    ]
    for name, expected in (("x.qrels", 3), ("x.csv", 2)):
        files.write(tmp_path / name, topics, judgements)
        found, back = files.read(tmp_path / name)
        assert [(j.topic, j.document, j.grade) for j in back] == [(j.topic, j.document, j.grade) for j in judgements[:expected]]
        assert [topic.text for topic in found] == (["red shoe, size 4"] if name == "x.csv" else [])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.qrels", "t 0 d 2\nt 0 d\n", r"a\.qrels, line 2: 3 columns"),
        ("a.qrels", "t 0 d nine\n", "line 1"),
        ("a.qrels", "t 0 d 9\n", "line 1: grade"),
        ("a.csv", "query,docid\nred,a\n", "no column rating"),
        ("a.csv", "query,docid,rating\nred,a,4\nred,b,2.5\n", "line 3: 2.5 is no grade"),
        ("a.csv", "query,docid,rating\nred,,4\n", "line 2: no document"),
        ("a.jsonl", "{}\n", "line 1: topic"),
        ("a.jsonl", "nonsense\n", "line 1"),
        ("a.bin", "", "name its format"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        files.read(tmp_path / name)


def test_other_encodings_are_told_and_marks_of_byte_order_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("query,docid,rating\nröt,a,1\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        files.read(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes("query,docid,rating\nröt,a,1\n".encode("utf-8-sig"))
    assert files.read(tmp_path / "a.csv")[0][0].text == "röt"


def test_folders_keep_pictures_inside(tmp_path: Path) -> None:
    topic = Topic(picture="pictures/a.jpg").named()
    assert files.write_folder(tmp_path / "set", [(topic, b"jpeg")], [judgement("a", 4, topic=topic.id)]) == (1, 1)
    restored = files.read_folder(tmp_path / "set")
    assert restored.topics == [(topic, b"jpeg")] and restored.judgements[0].document == "a"
    files.write_topics(tmp_path / "set" / "topics.jsonl", [Topic(picture="../../etc/passwd")])
    with pytest.raises(ConfigurationError, match="no file of"):
        files.read_folder(tmp_path / "set")


def test_svmrank_lines_keep_features_missing_values_and_names(tmp_path: Path) -> None:
    values = np.array([[0.5, np.nan], [np.nan, -1.25], [0.1, 3e9]])
    rows = exchange.Rows(
        ("similar", "ocr.picture"), values, (4, 0, 2), ("q1", "q1", "a topic".replace(" ", "_")), ("a", "b", "c")
    )
    exchange.write_svmrank(tmp_path / "x.svm", rows)
    text = (tmp_path / "x.svm").read_text()
    assert "# 2: ocr.picture" in text and "4 qid:1 1:0.5 # a" in text and "0 qid:1 2:-1.25 # b" in text
    back = exchange.read_svmrank(tmp_path / "x.svm")
    np.testing.assert_allclose(back.values, values)
    assert (back.names, back.grades, back.topics, back.documents) == (rows.names, rows.grades, rows.topics, rows.documents)


def test_lines_of_others_are_read_and_wrong_ones_named(tmp_path: Path) -> None:
    (tmp_path / "ranklib.txt").write_text("2 qid:10 1:0.5 3:1 # GX001\n0 qid:10 2:7\n")
    rows = exchange.read_svmrank(tmp_path / "ranklib.txt")
    assert rows.names == ("1", "2", "3") and rows.topics == ("10", "10") and rows.documents == ("GX001", "")
    for wrong in ("qid:1 1:2", "1 qid:1 0:2", "1 qid:1 a:2", "1 qid:1 1:x"):
        (tmp_path / "wrong.txt").write_text(wrong + "\n")
        with pytest.raises(ConfigurationError, match="line 1"):
            exchange.read_svmrank(tmp_path / "wrong.txt")


def test_people_are_believed_before_clicks_and_clicks_before_what_was_generated() -> None:
    judgements = [
        judgement("a", 0, source="generated"),
        judgement("a", 3, source="clicks"),
        judgement("a", 4),
        judgement("a", 1, "Bob"),
        judgement("a", 2, "Cem"),
    ]
    assert by_topic(judgements) == {"t": {"a": 2}}, "the median of three people"
    assert by_topic(judgements[:2]) == {"t": {"a": 3}} and by_topic(judgements[:1]) == {"t": {"a": 0}}


def test_fleiss_is_that_of_the_paper() -> None:
    # Fleiss 1971, table 1: 30 patients, six raters, five diagnoses.
    table = (
        "0 0 0 6 0|0 3 0 0 3|0 1 4 0 1|0 0 0 0 6|0 3 0 3 0|2 0 4 0 0|0 0 4 0 2|2 0 3 1 0|"
        "2 0 0 4 0|0 0 0 0 6|1 0 0 5 0|1 1 0 4 0|0 3 3 0 0|1 0 0 5 0|0 2 0 3 1|0 0 5 0 1|"
        "3 0 0 1 2|5 1 0 0 0|0 2 0 4 0|1 0 2 0 3|0 0 0 0 6|0 1 0 5 0|0 2 0 1 3|2 0 0 4 0|"
        "1 0 0 4 1|0 5 0 1 0|4 0 0 0 2|0 2 0 4 0|1 0 5 0 0|0 0 0 0 6"
    )
    counts = [[int(count) for count in row.split()] for row in table.split("|")]
    assert fleiss(counts) == pytest.approx(0.430, abs=0.001)


def test_cohen_is_that_of_the_example() -> None:
    # Two people on 50 proposals: both yes 20, both no 15, only the first 5, only the second 10; kappa is 0.4.
    pairs = [(4, 4)] * 20 + [(4, 0)] * 5 + [(0, 4)] * 10 + [(0, 0)] * 15
    judgements = [
        judgement(str(n), grade, rater)
        for n, pair in enumerate(pairs)
        for rater, grade in zip(("Ada", "Bob"), pair, strict=True)
    ]
    found = agreement(judgements)
    assert found.pairs[0].kappa == pytest.approx(0.4) and found.documents == 50


def test_agreement_says_when_it_says_nothing() -> None:
    assert "two people" in agreement([judgement("a", 4)]).summary
    assert "No result" in agreement([judgement("a", 4), judgement("b", 4, "Bob")]).summary
    same = agreement([judgement(d, 4, rater) for d in "abc" for rater in ("Ada", "Bob")])
    assert same.fleiss is None and same.pairs[0].kappa is None and "one grade" in same.summary


@pytest.fixture()
def store(live_settings: Settings, tmp_path: Path) -> Judgements:
    settings = live_settings.model_copy(update={"store_url": f"file://{tmp_path}"})
    return Judgements(connect(settings), settings)


@pytest.mark.engine
def test_the_store_keeps_replaces_takes_back_and_forgets(store: Judgements) -> None:
    topic = store.add_topic(Topic(text="red"), b"a picture")
    assert store.topic(topic.id) == topic and store.picture(topic) == b"a picture"
    before = datetime.now(UTC) - timedelta(seconds=1)  # the engine knows milliseconds
    store.judge(
        [judgement("a", 1, topic=topic.id), judgement("b", 2, topic=topic.id), judgement("a", 4, "Bob", topic=topic.id)]
    )
    store.judge([judgement("a", 3, topic=topic.id)])
    assert {(j.document, j.rater): j.grade for j in store.all(topic=topic.id)} == {
        ("a", "Ada"): 3,
        ("b", "Ada"): 2,
        ("a", "Bob"): 4,
    }
    assert store.since(before) == store.since(None) == 3 and store.since(before + timedelta(hours=1)) == 0
    back = store.undo(topic.id, "a", "Ada")
    assert back and back.grade == 1
    assert store.undo(topic.id, "a", "Ada") is None
    with pytest.raises(NotFoundError):
        store.undo(topic.id, "a", "Ada")
    store.forget(topic.id)
    assert list(store.all()) == [] and store.topics() == []
    with pytest.raises(NotFoundError):
        store.picture(topic)


@pytest.mark.engine
def test_marks_are_deleted_with_their_visitor_and_by_age_and_leave_what_people_judged(store: Judgements) -> None:
    judged, marked, old = (store.add_topic(Topic(text=text)) for text in ("red", "blue", "green"))
    mark = {"rater": "v1", "source": "marks"}
    store.judge([judgement("a", 4, topic=judged.id), judgement("a", 0, topic=judged.id, **mark)])
    store.judge([judgement("b", 3, topic=marked.id, **mark), judgement("b", 3, "v2", topic=marked.id, source="marks")])
    long_ago = datetime.now(UTC) - timedelta(days=99)
    store.judge([judgement("c", 3, "v3", topic=old.id, source="marks", time=long_ago)])
    assert store.forget_marks(before=datetime.now(UTC) - timedelta(days=30)) == 1
    assert {topic.text for topic in store.topics()} == {"red", "blue"}, "nobody else judged the other"
    assert store.undo(marked.id, "b", "v2", "marks") is None
    assert store.forget_marks("v1") == 2 and store.forget_marks("v1") == 0
    assert [(j.document, j.source) for j in store.all()] == [("a", "person")]
    assert [topic.text for topic in store.topics()] == ["red"]
