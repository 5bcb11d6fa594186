"""Entities from the command line: loaded, listed, shown, deleted; broken lines are in quarantine."""

import json
from pathlib import Path

import pytest

from engine.settings import Settings
from mappings.versions import ENTITIES, alias
from tests.cli.conftest import Omma, Shelf

pytestmark = pytest.mark.engine
LONG = "A tower of iron that was built for a fair and that has been the sign of the town ever since. " * 3


@pytest.fixture()
def omma(omma: Omma, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> Omma:
    """In a terminal of eighty columns, with a made-up feature extractor."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("vision.feature_extractor.get_feature_extractor", lambda _: shelf.runtime.feature_extractor)
    return omma


@pytest.fixture()
def things(tmp_path: Path) -> str:
    lines = [
        {"id": "eiffel", "name": "Eiffel Tower", "name.de": "Eiffelturm", "description": LONG, "type": "landmark",
         "page": "https://example.org/eiffel", "licence": "CC0 1.0", "height": "330 m"},
        {"id": "hostile", "name": "\x1b[31mred <b>\u202e " + "long " * 25},
    ]  # fmt: skip
    file = tmp_path / "things.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{broken\n")
    return str(file)


def test_entities_are_loaded_listed_shown_and_deleted(omma: Omma, things: str) -> None:
    done = omma("entities", "load", things)
    assert (done.code, done.out) == (0, "table: 2 loaded, 1 refused, 0 deleted\n"), done.err
    listed = omma("entities", "list")
    assert "Eiffel Tower" in listed.out and "landmark" in listed.out and "\x1b" not in listed.out
    assert max(map(len, listed.out.splitlines())) <= 80
    assert omma("entities", "list", "--name", "eiffelturm").out.startswith("Eiffel Tower")
    assert json.loads(omma("entities", "list", "--type", "landmark", "--json").out)["total"] == 1

    shown = omma("entities", "show", "eiffel")
    assert "330 m" in shown.out and "https://example.org/eiffel" in shown.out and "CC0 1.0" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert json.loads(omma("entities", "show", "eiffel", "--language", "de", "--json").out)["name"] == "Eiffelturm"

    assert omma("entities", "delete", "eiffel", "nothing").out == "1 deleted\n"
    gone = omma("entities", "show", "eiffel")
    assert gone.code == 1 and "was deleted" in gone.err
    assert omma("entities", "delete", "--loader", "table").out == "1 deleted\n"
    assert omma("entities", "list").out.startswith("there are no such entities")


def test_a_broken_line_is_in_quarantine_until_it_is_mended(omma: Omma, things: str) -> None:
    omma("entities", "load", things)
    refused = json.loads(omma("quarantine", "list", "--collection", "entities", "--json").out)
    assert [(one["reference"], one["reason"]) for one in refused["entries"]] == [("row 3", "bad-row")]
    Path(things).write_text('{"id": "eiffel", "name": "Eiffel Tower"}\n')
    assert omma("entities", "load", things).out == "table: 1 loaded, 0 refused, 1 deleted\n"
    assert not json.loads(omma("quarantine", "list", "--collection", "entities", "--json").out)["entries"]


def test_the_collection_gives_entities(omma: Omma, shelf: Shelf, house: Settings) -> None:
    assert omma("entities", "load", "collection").out == "collection: 1 loaded, 0 refused, 0 deleted\n"
    (entity,) = json.loads(omma("entities", "list", "--json").out)["entities"]
    assert (entity["name"], entity["pictures"], entity["type"]) == ("red fox", [shelf.ids[0]], "animal")
    assert list(shelf.runtime.client.indices.get_alias(name=alias(house, ENTITIES))) == [f"{alias(house, ENTITIES)}-000001"]


def test_what_cannot_be_loaded_is_said_in_one_line(omma: Omma) -> None:
    found = omma("entities", "load", "nowhere.txt")
    assert found.code == 1 and "entities are loaded from" in found.err
    assert omma("entities", "delete").code == 2
