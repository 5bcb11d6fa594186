"""An evaluation set is one file in a folder: it is listed, its images are indexed, its questions are asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.settings import Settings, get_settings
from evaluation import asking, indexing
from evaluation.evaluation_set import broken_sets, evaluation_sets
from tests.vision.drawing import photo

MUGS = """
from omma_plugin import SAME, EvaluationSet, Known, Posed, Topic, family_of


class Mugs(EvaluationSet):
    name = "same mug"
    about = "A photo of a mug; the other photo of the same mug is right."
    needs = ("mugs",)

    def images(self, data):
        return [Known(path, "mugs", path.stem[:-2]) for path in sorted((data / "mugs").glob("*-1.png"))]

    def questions(self, corpus):
        for known in corpus.own[self.name]:
            asking = known.path.with_name(known.path.name.replace("-1", "-2"))
            yield Posed(self.name, Topic(picture=asking.name), {corpus.id(known): SAME}, family_of(known), asking.read_bytes())
"""


@pytest.fixture()
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of plug-ins with the set, one that cannot be imported, and one whose name is taken."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "mugs.py").write_text(MUGS)
    (folder / "mugs_again.py").write_text(MUGS)
    (folder / "wrong.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setenv("OMMA_PLUGIN_PATH", str(folder))
    get_settings.cache_clear()
    yield folder
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture()
def data(tmp_path: Path) -> Path:
    """Three mugs, each photographed twice."""
    folder = tmp_path / "data" / "mugs"
    folder.mkdir(parents=True)
    for seed in range(3):
        image = photo(160, 120, seed)
        image.save(folder / f"{seed}-1.png")
        image.resize((144, 108)).save(folder / f"{seed}-2.png")
    return tmp_path / "data"


def test_a_set_is_listed_and_broken_sets_are_named(plugged: Path) -> None:
    settings = get_settings()
    assert {"same mug", "near-duplicate"} <= evaluation_sets(settings).keys()
    reasons = sorted(str(broken) for broken in broken_sets(settings))
    assert len(reasons) == 2 and "exists already" in reasons[0] and "nothing_of_that_name" in reasons[1]
    output = CliRunner().invoke(main, ["evaluate", "--list", "--data", str(plugged)]).output
    assert "same mug\n  A photo of a mug" in output and "Needs: mugs; not in this folder." in output


@pytest.mark.usefixtures("plugged")
@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.models
def test_its_images_are_indexed_and_its_questions_asked(data: Path, live_settings: Settings, models_home: Settings) -> None:
    settings = live_settings.model_copy(update={"home": models_home.home, "threads": 1, "ocr_languages": "eng"})
    corpus, collection = indexing.build(data, settings, lambda line: None, demo=False)
    try:
        asked = list(asking.of_sets(corpus, collection.searcher(), lambda line: None, ("same mug",)))
        assert collection.count() == 3 and len(asked) == 3
        for one in asked:
            (right,) = one.grades
            table = one.wide.table
            assert max(table, key=lambda document: table[document].get("similar", 0.0)) == right
            assert one.weights["embedding"], "an entry of the log has the weights of its index"
    finally:
        collection.remove()
