"""Every column of the factor table agrees with a plain computation, and what is missing stays missing."""

import numpy as np
import pytest

from factors.base import Clause, Question
from factors.colours import palette
from factors.labels import weights
from factors.text import Term, Words
from mappings.analysis import trigrams
from tests.factors.scenes import FACTORS, Live, an_object, colour, documents, image_features, label, text_of, unit
from tests.present import present
from vision.image_features import ImageFeatures

pytestmark = pytest.mark.engine
NUMBER = 40


def clause(name: str, question: Question) -> Clause:
    """The column of that name that a question gives."""
    (found,) = [c for c in FACTORS.by_name(name).clauses(question) if c.name == name]
    return found


def words(text: str) -> Question:
    return Question(words=Words(tuple(Term(word) for word in text.split())))


@pytest.fixture()
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_similar_is_half_of_one_plus_cosine(live: Live, rng: np.random.Generator) -> None:
    seen = {f"d{i}": image_features(f"d{i}", embedding=unit(rng)) for i in range(NUMBER)}
    live.put(documents(seen | {"blind": image_features("blind")}))
    asked = image_features(embedding=unit(rng))
    column = clause("similar", Question(asked))
    table = live.table([column], [*seen, "blind"])
    assert table.pop("blind") == {}
    expected = {key: (1 + float(present(p.embedding) @ present(asked.embedding))) / 2 for key, p in seen.items()}
    assert {key: row["similar"] for key, row in table.items()} == pytest.approx(expected, abs=5e-3), "vectors of bytes"
    best = sorted(table, key=lambda key: -table[key]["similar"])[:10]
    assert live.found(column) == best


def test_similar_finds_as_many_as_there_are_under_a_filter(live: Live, rng: np.random.Generator) -> None:
    made = documents({f"d{i}": image_features(embedding=unit(rng)) for i in range(NUMBER)})
    live.put({key: body | {"category": "rare" if key in ("d3", "d31") else "common"} for key, body in made.items()})
    asked = Question(image_features(embedding=unit(rng)), k=5, filters=({"term": {"category": "rare"}},))
    assert set(live.found(clause("similar", asked))) == {"d3", "d31"}


def test_objects_give_the_best_object_and_its_box(live: Live, rng: np.random.Generator) -> None:
    seen = {f"d{i}": image_features(objects=tuple(an_object(rng) for _ in range(i % 4))) for i in range(NUMBER)}
    live.put(documents(seen))
    wanted = unit(rng)
    column = clause("objects", Question(image_features(embedding=wanted)))
    table = live.table([column], list(seen))
    best = {key: max(p.objects, key=lambda o: float(present(o.embedding) @ wanted)) for key, p in seen.items() if p.objects}
    expected = {key: (1 + float(present(o.embedding) @ wanted)) / 2 for key, o in best.items()}
    assert {key: row["objects"] for key, row in table.items() if row} == pytest.approx(expected, abs=5e-3)
    winner = max(expected, key=expected.__getitem__)
    assert live.found(column)[0] == winner
    nested = {"nested": column.score["nested"] | {"inner_hits": FACTORS.by_name("objects").inner(column)}}
    hit = live.client.search(index=live.index, body={"size": 1, "query": nested})["hits"]["hits"][0]
    assert hit["inner_hits"]["objects"]["hits"]["hits"][0]["_source"]["box"] == best[winner].box.as_list()


def test_objects_are_found_by_their_names(live: Live, rng: np.random.Generator) -> None:
    live.put(
        documents(
            {"d": image_features(objects=(an_object(rng, "dog"),)), "c": image_features(objects=(an_object(rng, "cat"),))}
        )
    )
    assert live.found(clause("objects.words", words("two dogs"))) == ["d"]


def test_labels_are_the_cosine_of_classes_and_kinds(live: Live) -> None:
    seen = {
        "beagle": image_features(labels=(label("n02088364", 0.8), label("n04285008", 0.1))),
        "collie": image_features(labels=(label("n02106030", 0.6),)),
        "car": image_features(labels=(label("n04285008", 0.9),)),
        "unsure": image_features(labels=()),
    }
    live.put(documents(seen))
    asked = (label("n02088364", 0.5),)
    table = live.table([clause("labels", Question(image_features(labels=asked)))], list(seen))
    mine = weights(asked)
    expected = {
        key: sum(value * mine.get(name, 0.0) for name, value in weights(present(p.labels)).items()) for key, p in seen.items()
    }
    # The engine keeps a rank feature's eight leading bits (Lucene's FeatureField): a relative error under 1/256.
    assert table["beagle"]["labels"] == pytest.approx(expected["beagle"], rel=1 / 256)
    assert table["collie"]["labels"] == pytest.approx(expected["collie"], rel=1 / 256)
    assert table["car"] == table["unsure"] == {}
    assert 1 >= expected["beagle"] > expected["collie"] > 0.2


@pytest.mark.parametrize(("asked", "found"), [("beagle", ["b"]), ("dogs", ["b"]), ("vehicle", ["s"]), ("teapot", [])])
def test_labels_are_found_by_names_and_kinds(live: Live, asked: str, found: list[str]) -> None:
    live.put(
        documents(
            {"b": image_features(labels=(label("n02088364", 0.8),)), "s": image_features(labels=(label("n04285008", 0.9),))}
        )
    )
    assert live.found(clause("labels.words", words(asked))) == found


def test_colours_are_half_of_one_plus_cosine_of_palettes(live: Live) -> None:
    seen = {
        "poppy": image_features(colours=(colour("red", 0.7), colour("green", 0.3))),
        "sea": image_features(colours=(colour("blue", 0.9), colour("white", 0.1))),
        "unknown": image_features(),
    }
    live.put(documents(seen))
    asked = (colour("red", 0.6), colour("green", 0.4))
    table = live.table([clause("colours", Question(image_features(colours=asked)))], list(seen))
    expected = {key: (1 + float(palette(asked) @ palette(p.colours))) / 2 for key, p in seen.items() if p.colours}
    assert table.pop("unknown") == {}
    assert {key: row["colours"] for key, row in table.items()} == pytest.approx(expected, abs=2e-5)
    assert expected["poppy"] > 0.95
    assert expected["sea"] < 0.7


def test_colours_are_named_by_words(live: Live) -> None:
    live.put(
        documents({"p": image_features(colours=(colour("red", 0.7),)), "s": image_features(colours=(colour("blue", 0.9),))})
    )
    table = live.table([clause("colours.words", words("RED flower"))], ["p", "s"])
    assert table == {"p": {"colours.words": 1.0}, "s": {}}


def test_near_duplicate_is_the_share_of_equal_bits(live: Live, rng: np.random.Generator) -> None:
    asked = int(rng.integers(0, 2**63)) | 1 << 63
    flips = {"same": 0, "one": 1, "twelve": 12, "thirteen": 13, "opposite": 64}
    seen = {key: image_features(phash=asked ^ ((1 << bits) - 1)) for key, bits in flips.items()}
    live.put(documents(seen | {"unknown": image_features()}))
    column = clause("near_duplicate", Question(image_features(phash=asked)))
    table = live.table([column], [*seen, "unknown"])
    near = {"same": 1.0, "one": 63 / 64, "twelve": 52 / 64}
    assert {key: row["near_duplicate"] for key, row in table.items() if row} == pytest.approx(near)
    assert live.found(column)[:3] == ["same", "one", "twelve"]


def test_ocr_finds_words_stems_part_numbers_and_misread_letters(live: Live) -> None:
    texts = {
        "drill": "BOSCH GSB-120/LI Professional",
        "misread": "8O5CH hammer",
        "cyrillic": "Продажа билетов",
        "other": "Makita DHP484",
    }
    live.put(documents({key: image_features(text=text_of(line)) for key, line in texts.items()}))
    asked = ("bosch", "gsb120li", "B0SCH hammers", "билет", "DHP-484", "kerosene")
    found = {text: live.found(clause("ocr", words(text))) for text in asked}
    alike = {text: live.found(clause("ocr.alike", words(text))) for text in asked}
    assert found["bosch"] == ["drill"] and set(alike["bosch"]) == {"drill", "misread"}
    assert found["gsb120li"] == [] and alike["gsb120li"] == ["drill"]
    assert found["B0SCH hammers"] == ["misread"] and "misread" in alike["B0SCH hammers"]
    assert found["билет"] == ["cyrillic"]
    assert alike["DHP-484"] == ["other"]
    assert found["kerosene"] == alike["kerosene"] == []


@pytest.mark.parametrize(
    "word",
    [
        "GSB-120/LI",
        "8O5CH",
        "Straße",
        "naïve",
        "Ærø",
        "билетов",
        "Ёлка",
        "Йод",
        "a|b!c",
        "ab",
        "ΌΨΗ",
        "東京都庁",
        "mississippi",
    ],
)
def test_trigrams_of_a_word_are_those_that_the_engine_makes(live: Live, word: str) -> None:
    live.put(documents({"a": image_features(text=text_of(word))}))
    found = live.client.indices.analyze(index=live.index, body={"analyzer": "trigram", "text": word})
    assert trigrams(word) == list(dict.fromkeys(token["token"] for token in found["tokens"]))


def test_ocr_does_not_find_words_that_share_a_few_letters(live: Live) -> None:
    lines = {"seeds": "VARATE RICOTTA", "juice": "United by taste, tested", "plane": "UNITED STATES OF AMERICA"}
    live.put(documents({key: image_features(text=text_of(line)) for key, line in lines.items()}))
    read = Question(image_features(text=text_of("UNITED STATES OF AMERICA")))
    assert live.found(clause("ocr.picture", read)) == ["plane", "juice"]
    assert live.found(clause("ocr.picture_alike", read)) == ["plane", "juice"], "three letters of six are no resemblance"
    assert "ocr.alike" not in {found.name for found in FACTORS.by_name("ocr").clauses(words("ted"))}


def test_ocr_asks_with_the_words_on_the_questions_picture(live: Live) -> None:
    live.put(documents({"a": image_features(text=text_of("Cafe Central Wien")), "b": image_features(text=text_of("Stop"))}))
    column = clause("ocr.picture", Question(image_features(text=text_of("CENTRAL x"))))
    assert list(live.table([column], ["a", "b"])["a"]) == ["ocr.picture"]
    assert live.found(column) == ["a"]


def test_a_question_without_anything_to_go_by_adds_no_column() -> None:
    blind = Question(ImageFeatures("q", 10, 10))
    assert [c for factor in FACTORS.active for c in factor.clauses(blind)] == []
