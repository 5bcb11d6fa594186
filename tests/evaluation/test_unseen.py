"""Unseen collections: made poorer as they say, compared with the best single factor, and corrected for many comparisons."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.errors import ConfigurationError
from engine.settings import Settings
from evaluation import candidate_log, pages
from evaluation.candidate_log import Asked
from evaluation.datasets import SAME, Known
from evaluation.unseen import adapted, asking, certainty, measure, table
from evaluation.unseen.collection import UnseenCollection, UnseenQuestion, UnseenSources, alike, unseen_collections
from evaluation.unseen.variants import AMONG_ALL, AS_IT_IS, FOREIGN, NO_TEXT, TENTH, THIRD, own
from factors.base import Feature
from factors.registry import FactorRegistry
from ranking.candidate_set import CandidateSet, FusionConfig, Ranked
from ranking.evidence import Curve, Evidence
from ranking.fusion import Fusion
from ranking.learning.measures import Compared
from tests.present import present
from tests.vision.drawing import photo

DESCRIBED = [Known(Path(f"{n}.jpg"), "mugs", str(n // 2), texts=(f"mug {n}", "blue")) for n in range(400)]


def test_a_collection_is_made_poorer_as_each_variant_says() -> None:
    variants = dict(own(DESCRIBED, DESCRIBED[:7]))
    assert list(variants) == [AS_IT_IS, NO_TEXT, THIRD, TENTH, FOREIGN]
    assert variants[AS_IT_IS] == DESCRIBED and variants[FOREIGN] == DESCRIBED[:7]
    assert not any(known.texts for known in variants[NO_TEXT])
    some = [known for known in variants[THIRD] if known.texts]
    assert 100 < len(some) < 170 and {known.path for known in some} < {known.path for known in DESCRIBED}
    assert 20 < len(variants[TENTH]) < 60
    bare = [Known(Path("a.jpg"), "mugs")]
    assert [variant for variant, _ in own(bare, [])] == [AS_IT_IS], "nothing to take away"


def test_each_document_asks_for_the_others_of_its_class() -> None:
    asked = list(
        alike([*DESCRIBED[:4], Known(Path("lone.jpg"), "mugs", "lone"), Known(Path("none.jpg"), "mugs")], "same", SAME)
    )
    assert [question.name for question in asked] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert asked[0].right == {Path("1.jpg"): SAME} and asked[0].like == Path("0.jpg")


def answered(
    number: int, *, variant: str = AS_IT_IS.name, grades: dict[str, int] | None = None, kept: int = 3, similar: float = 0.9
) -> Asked:
    """A question whose right answer `r` is first by `similar`, and last by `ocr`."""
    rows = {"r": {"similar": similar, "ocr": 1.0}, "b": {"similar": 0.5, "ocr": 2.0}, "c": {"similar": 0.4, "ocr": 3.0}}
    fusion = FusionConfig(weights={"similar": 1.0, "ocr": 1.0})
    return Asked(
        set="mugs: same" if grades is None else f"mugs: {asking.STRANGERS}", topic=f"{variant}-{number}", family=str(number),
        part="test", grades={"r": SAME} if grades is None else grades, wide=CandidateSet(table=rows, fusion_config=fusion),
        proposals={"similar": [0, 1, 2], "ocr": [2, 1, 0]}, kept=list(range(kept)), limit=200, took={}, variant=variant,
    )  # fmt: skip


class Mugs(UnseenCollection):
    name = "mugs"
    about = "Mugs."
    learnable = True
    learned = ("same mug",)

    def documents(self, sources: UnseenSources) -> list[Known]:
        return [Known(path, "mugs", path.stem[0]) for path in sorted(sources.data.glob("*.png"))]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        yield from alike(self.documents(sources), "same", SAME)


class Cats(Mugs):
    name = "cats"
    named = True

    def documents(self, sources: UnseenSources) -> list[Known]:
        return [Known(sources.data / f"{n}.png", "cats", f"cats/persian_{n // 2}") for n in range(4)]


class Strange(Mugs):
    strangers = ("cats", "dogs")


def test_names_of_unanswerable_things_are_asked_as_people_write_them(tmp_path: Path, settings: Settings) -> None:
    for n in range(4):
        photo(seed=n).save(tmp_path / f"{n}.png")
    sources = UnseenSources(tmp_path, settings, tmp_path)
    mugs, cats = Strange(), Cats()
    asked = list(asking._strangers(mugs, {"mugs": mugs, "cats": cats}, {"mugs": [], "cats": cats.documents(sources)}))
    assert [question.text for question in asked if question.text] == ["persian 0", "persian 1"]
    assert sum(question.picture is not None for question in asked) == 4 and not any(question.right for question in asked)


def test_what_may_be_learned_from_is_left_out_where_it_is_measured() -> None:
    assert Mugs().left_out == ("same mug", "mugs")
    shipped = {name: one for name, one in unseen_collections(Settings()).items() if not one.learnable}
    assert {"covers", "cars", "pets", "textures", "landmarks", "interiors"} <= shipped.keys()
    assert not any(one.left_out for one in shipped.values())


class Last:
    """An order that is wrong: the last candidate first."""

    name = "last"

    def order(self, candidate_set: CandidateSet) -> list[Ranked]:
        return [Ranked(document, float(at), {}) for at, document in enumerate(candidate_set.table)][::-1]

    def contributions(self, candidate_set: CandidateSet, documents: object) -> dict[str, dict[str, float]]:
        return {}


def test_the_whole_is_compared_with_the_best_single_factor_and_without_each_extractor() -> None:
    asked = [answered(number) for number in range(40)]
    rows = table.rows(asked, {"mugs": Mugs()}, lambda left_out: Last(), ["similar", "ocr"])
    by_variant = {row.variant: row for row in rows}
    assert by_variant.keys() == {"as it is", "no OCR", "no similar"}
    row = by_variant["as it is"]
    assert (row.best, row.alone["R@1"], row.whole["R@1"], row.questions) == ("similar", 1.0, 0.0, 40)
    assert row.against.change == pytest.approx(row.whole["NDCG@10"] - 1.0) and row.lost == 0.0
    assert by_variant["no similar"].best == "ocr"


def test_an_order_that_is_worse_every_time_is_below_and_chance_is_not() -> None:
    found = [
        table.Row("mugs: same", name, 40, 1.0, "similar", {}, {}, {}, Compared(40, 0.5, 0.4, p, -0.2, 0.0), 0.0)
        for name, p in (("a", 0.01), ("b", 0.03), ("c", 0.04), ("d", 0.5))
    ]
    corrected = table.corrected(found)
    assert [round(row.holm, 3) for row in corrected] == [0.04, 0.09, 0.09, 0.5]
    assert [row.verdict for row in corrected] == ["below", "level", "level", "level"]


def test_answers_are_empty_uncertain_or_certain() -> None:
    curve = Curve(limits=[0.55, 0.8], log_odds=[0.0, 2.0, 4.0])
    evidence = Evidence(prior=-1.5, curves={"similar": curve}, shown=0.5, sure=0.9)
    features = {"similar": Feature("similar")}
    made = [certainty.certainty(answered(1, similar=value), evidence, features) for value in (0.9, 0.6, 0.3)]
    made.append(certainty.certainty(answered(2, grades={}, similar=0.9), evidence, features))
    assert [(one.verdict, one.right, one.answered) for one in made] == [
        ("certain", True, True), ("perhaps", True, True), ("empty", False, True), ("certain", False, False),
    ]  # fmt: skip
    found = certainty.figures(made)
    with_answer, without = found["verdicts"]
    assert (with_answer["empty"], with_answer["perhaps"], with_answer["wrong"]) == (1 / 3, 1 / 3, 0.0)
    assert without["certain"] == 1.0 == without["wrong"]
    (curve_of_words,) = found["curves"].values()
    assert curve_of_words["unanswered"] == 1 and curve_of_words["risk"][-1] == 0.5


def own_question(number: int, value: float) -> Asked:
    """A collection's own question, whose document has this value of `similar`; three others have less than 0.5."""
    rows = {f"d{n}": {"similar": 0.2 + n / 10} for n in range(3)} | {"r": {"similar": value}}
    return answered(number).model_copy(
        update={
            "set": "mugs: linked words", "own": True, "complete": False, "wide": CandidateSet(table=rows),
            "grades": {"r": 1, "d0": 0, "d1": 0, "d2": 0}, "proposals": {},
        }
    )  # fmt: skip


def test_a_collection_is_adapted_to_by_its_own_questions_alone() -> None:
    curve = Curve(limits=[0.3, 0.55, 0.8], log_odds=[-9.0, 0.0, 2.0, 4.0])
    packaged = Evidence(prior=-1.5, curves={"similar": curve}, shown=0.1, sure=0.9)
    own_questions = [own_question(number, 0.9) for number in range(150)]
    adapting = adapted.Adapting(adapted.by_place(own_questions, FactorRegistry.of(Settings())), {"similar": Feature("similar")})
    assert adapting.evidence(("mugs", "no text"), "words", packaged) == packaged, "no own question"
    unanswered = [answered(number, grades={}, similar=0.4) for number in range(10)]
    with_answer, without = adapting.changes([*(answered(n) for n in range(10)), *unanswered], lambda _: packaged)
    assert with_answer.empty == with_answer.lost == (0.0, 0.0)
    assert without.empty == (0.0, 1.0) and not without.answered
    assert adapted.figures([without])["means"]["as it is, words, without an answer"]["empty"] == [0.0, 1.0]


def test_answers_that_are_cut_off_are_counted() -> None:
    lost = [answered(1), answered(2, kept=0)]
    (row, *_) = table.rows(lost, {"mugs": Mugs()}, lambda left_out: Fusion(), ["similar", "ocr"])
    assert row.lost == 0.5


def test_the_page_says_how_many_rows_are_below(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "surroundings", lambda settings: {"machine": "one"})
    monkeypatch.setattr(measure, "unseen_collections", lambda settings: {"mugs": Mugs()})
    figures = measure.measure([answered(number) for number in range(20)], settings, (), print)
    assert json.loads(json.dumps(figures)) == figures, "plain JSON"
    page = pages.render("unseen", figures)
    assert "| mugs: same | as it is | 20 | 1.000 | similar | 1.000, 1.000, 1.000 |" in page
    assert "* **mugs**: Mugs." in page


def test_a_source_of_questions_must_be_named() -> None:
    found = CliRunner().invoke(main, ["evaluate", "--unseen"])
    assert found.exit_code == 2 and "--data" in found.output
    found = CliRunner().invoke(main, ["evaluate", "--unseen", "--ablation"])
    assert found.exit_code == 2 and "--learned-from" in found.output


def test_every_collection_says_what_it_is_and_names_strangers_that_exist(settings: Settings, tmp_path: Path) -> None:
    collections = unseen_collections(settings)
    assert {"everyday photos", "covers", "interiors", "stamps"} <= collections.keys()
    for one in collections.values():
        assert one.about.endswith(".") and set(one.strangers) <= collections.keys()
        assert one.name == "stamps" or not one.is_there(tmp_path), "all but the demo corpus need data"


@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.models
def test_a_collection_is_asked_by_itself_and_among_all(tmp_path: Path, live_settings: Settings, models_home: Settings) -> None:
    for seed in range(3):
        image = photo(160, 120, seed)
        image.save(tmp_path / f"{seed}-1.png")
        image.resize((144, 108)).save(tmp_path / f"{seed}-2.png")
    settings = live_settings.model_copy(update={"home": models_home.home, "threads": 1, "ocr_languages": "eng"})
    sources = UnseenSources(tmp_path, settings, tmp_path / "drawn")
    asked = list(asking.everything({"mugs": Mugs()}, sources, lambda line: None))
    assert [one.variant for one in asked if not one.own] == [AS_IT_IS.name] * 6 + [AMONG_ALL.name] * 6
    by_itself = [one for one in asked if one.own]
    assert {one.set for one in by_itself} >= {"mugs: copy: saved", "mugs: copy: part", "mugs: same category"}
    assert all(
        one.variant == AS_IT_IS.name and one.side == "test" and one.grades.keys() == one.wide.table.keys() for one in by_itself
    )
    rows = table.rows(asked, {"mugs": Mugs()}, lambda left_out: Fusion(), FactorRegistry.of(settings).feature_names())
    assert all(row.whole["R@1"] == 1.0 and row.recall == 1.0 for row in rows if row.variant == AS_IT_IS.name)


def test_each_form_of_a_collection_is_a_slice_that_the_gate_looks_at() -> None:
    assert "set: mugs: same, no text" in set(answered(1, variant=NO_TEXT.name).example().slices())


def test_no_model_learns_from_questions_unless_their_family_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    found = [
        asking.posed("mugs", variant, UnseenQuestion("a", "same", {path: SAME}, text="mug", family=family), {path: "id"})
        for variant, family in ((AS_IT_IS, ""), (AS_IT_IS, "mugs/a"), (AMONG_ALL, "mugs/a"))
    ]
    assert [present(one).part for one in found] == ["test", None, "test"]
    assert present(found[1]).family == "mugs/a"
    gone = UnseenQuestion("b", "same", {tmp_path / "b.png": SAME}, text="mug")
    assert asking.posed("mugs", AS_IT_IS, gone, {path: "id"}) is None, "its answer is not in a tenth of the collection"


def test_a_log_of_other_questions_and_names_that_nothing_has_are_errors(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="mugs: not an unseen collection; `omma rank collect"):
        measure.measure([answered(1)], settings, (), print)
    monkeypatch.setattr(measure, "unseen_collections", lambda settings: {"mugs": Mugs()})
    with pytest.raises(ConfigurationError, match="it has mugs"):
        measure.measure([answered(1)], settings, (), print, ["cups"])
    with pytest.raises(ConfigurationError, match="it has no question"):
        measure.measure([], settings, (), print)
    with pytest.raises(ConfigurationError, match="has mugs"):
        measure.ask(tmp_path, settings, print, ["cups"])


def test_an_order_is_trained_without_the_questions_about_such_images(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "log.gz"
    candidate_log.write(
        file, [answered(number).model_copy(update={"part": part}) for part in ("train", "validation") for number in range(60)]
    )
    learned = measure.LearnedParts(settings, [file], {}, FactorRegistry.of(settings), print)
    assert learned.order(()).name == learned.name, "the order in use"
    without = learned.order(("same mug",))
    assert without.name != learned.name and learned.order(("same mug",)) is without, "trained once"
    assert without.order(answered(1).example().candidate_set)[0].id == "r"
    assert learned.trained == ["same mug"]
    assert learned.evidence(("same mug",)) is learned.evidence(("same mug",)) is not learned.evidence(())


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b'{"set": 1}\n'), gzip.compress(b"{}")[:-6]],
    ids=["no gzip", "no question", "cut off"],  # the bytes hold the time, and processes must agree on the names of tests
)
def test_a_file_that_is_no_candidate_log_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "log.gz"
    file.write_bytes(content)
    found = CliRunner().invoke(main, ["evaluate", "--unseen", "--candidate-log", str(file)])
    assert isinstance(found.exception, ConfigurationError) and "log.gz is no candidate log" in str(found.exception)
