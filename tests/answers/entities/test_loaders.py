"""Entities come from tables, dumps and WordNet; a broken record is refused by its line, and nothing else is lost."""

import bz2
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from answers.entities.entity import Entity
from answers.entities.kinds import kind_of
from answers.entities.loading import open_loader
from engine.connections import Context
from engine.errors import BadSource
from engine.settings import Settings
from ingest.item import Refusal


def loaded(spec: Path | str, settings: Settings, *classes: str) -> tuple[list[Entity], list[Refusal]]:
    every = list(open_loader(str(spec), Context(settings), classes).entities())
    return [one for one in every if isinstance(one, Entity)], [one for one in every if isinstance(one, Refusal)]


def item(name: str, label: str, kind: str = "Q839954", **more: Any) -> dict[str, Any]:
    """An item of Wikidata's dump."""
    claims = {"P31": [{"rank": "normal", "mainsnak": {"datavalue": {"value": {"id": kind}}}}], **more.pop("claims", {})}
    return {"id": name, "labels": {"en": {"language": "en", "value": label}}, "claims": claims, **more}


def statement(value: Any) -> list[dict[str, Any]]:
    return [{"rank": "normal", "mainsnak": {"datavalue": {"value": value}}}]


def dump(*items: dict[str, Any] | str) -> bytes:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in items]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def test_a_table_gives_an_entity_a_row_and_refuses_broken_ones_by_number(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "things.csv").write_text(
        "id,name,name.de,aliases,description,type,page,height\n"
        "e1,Eiffel Tower,Eiffelturm,La dame de fer|Tour Eiffel,A tower in Paris.,landmark,https://example.org/e,330 m\n"
        ",,,,nothing has no name,,,\n"
        "e2,Evil,,,,,javascript:alert(1),\n"
        "e3,Old Bridge,,,,landmark,,\n"
        "too,few\n"
    )
    entities, refused = loaded(tmp_path / "things.csv", settings)
    assert [one.id for one in entities] == ["e1", "e3"]
    assert entities[0].names == {"": "Eiffel Tower", "de": "Eiffelturm"}
    assert entities[0].aliases == {"": ["La dame de fer", "Tour Eiffel"]}
    assert entities[0].facts == {"height": "330 m"} and entities[0].source == "things.csv"
    assert "tour eiffel" in entities[0].every_name
    assert [(one.reference, one.reason) for one in refused] == [
        ("row 2", "bad-entity"),
        ("row 3", "bad-entity"),
        ("row 5", "missing-column"),
    ]
    assert "http" in refused[1].message


def test_json_lines_may_hold_texts_by_language(settings: Settings, tmp_path: Path) -> None:
    lines = [
        {
            "id": "f",
            "names": {"en": "frog", "de": "Frosch"},
            "aliases": {"en": ["toad"]},
            "references": ["a" * 64],
            "prior": 0.5,
        },
        {"name": "crane", "type": "animal"},
        {"name": {"nested": 1}},
        {"name": "x", "prior": 7},
    ]
    (tmp_path / "some.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + "{broken\n")
    entities, refused = loaded(tmp_path / "some.jsonl", settings)
    assert [one.names for one in entities] == [{"en": "frog", "de": "Frosch"}, {"": "crane"}]
    assert entities[0].references == ["a" * 64]
    assert (entities[1].id, entities[1].type) == ("some.jsonl:crane", "animal")
    assert [one.reference for one in refused] == ["row 3", "row 4", "row 5"]


@pytest.mark.parametrize("packed", [lambda data: data, gzip.compress, bz2.compress])
def test_a_dump_of_wikidata_is_read_by_class_and_by_line(settings: Settings, tmp_path: Path, packed: Any) -> None:
    full = item(
        "Q676203", "Machu Picchu", aliases={"en": [{"value": "Machu Pikchu"}]},
        descriptions={"en": {"value": "Inca citadel in Peru"}, "de": {"value": "Inka-Stadt in Peru"}},
        sitelinks={"enwiki": {"title": "Machu Picchu"}, "dewiki": {"title": "Machu Picchu"}},
        claims={"P18": statement("Machu Picchu, Peru.jpg"), "P625": statement({"latitude": -13.16333, "longitude": -72.54556})},
    )  # fmt: skip
    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2"}.get(packed, "")
    file = tmp_path / f"dump.json{suffix}"
    file.write_bytes(
        packed(dump(full, "{broken", item("Q1", "Nothing", "Q5"), '{"id": "Q9", "labels": 7, "claims": {}}', "42"))
    )
    entities, refused = loaded(file, settings)
    assert [one.id for one in entities] == ["wikidata:Q676203", "wikidata:Q1"]
    first = entities[0]
    assert first.descriptions == {"en": "Inca citadel in Peru", "de": "Inka-Stadt in Peru"}
    assert (first.type, first.licence, first.source) == ("landmark", "CC0 1.0", "Wikidata")
    assert first.page == "https://en.wikipedia.org/wiki/Machu_Picchu"
    assert first.image.endswith("Special:FilePath/Machu%20Picchu%2C%20Peru.jpg")
    assert first.facts == {"place": "-13.16333, -72.54556"}
    assert entities[1].type == "person" and entities[1].prior < first.prior
    assert [one.reference for one in refused] == ["line 3", "line 5", "line 6"]
    assert [one.id for one in loaded(file, settings, "Q839954")[0]] == ["wikidata:Q676203"]


def test_wordnet_gives_visible_nouns_with_their_glosses(settings: Settings) -> None:
    frogs, refused = loaded("wordnet", settings, "frog")
    assert not refused
    found = {one.id: one for one in frogs}
    frog = found["wordnet:n01639765"]
    assert "tailless" in frog.descriptions["en"] and frog.type == "animal"
    assert (frog.names, frog.synset, frog.prior) == ({"en": "frog"}, "n01639765", 1.0)
    assert {"tree toad", "bullfrog"} <= {one.names["en"] for one in frogs} and len(frogs) < 100


def test_what_cannot_be_loaded_is_refused_with_what_can(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadSource, match="Wikidata JSON dump"):
        open_loader(str(tmp_path / "notes.txt"), Context(settings))


def test_a_loader_of_a_plugin_is_asked_as_well(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "stars.py").write_text(
        "from answers.entities.entity import Entity\n"
        "from answers.entities.loading import EntityLoader\n"
        "class Stars(EntityLoader):\n"
        "    name = 'stars'\n"
        "    accepts = '`stars`'\n"
        "    @classmethod\n"
        "    def opens(cls, address, path):\n"
        "        return address == 'stars'\n"
        "    def entities(self):\n"
        "        yield Entity(id='sirius', names={'en': 'Sirius'})\n"
    )
    entities, _ = loaded("stars", settings.model_copy(update={"plugin_path": (tmp_path,)}))
    assert [one.id for one in entities] == ["sirius"]


def test_the_sense_of_a_name_fits_what_is_around_it() -> None:
    bird, machine = kind_of("crane", ["animals", "birds"]), kind_of("crane", ["lifting device"])
    assert bird and bird.type == "animal" and machine and "device" in machine.hypernyms
    pig = kind_of("Tamworth pig")
    assert pig and pig.names[0] == "hog"
    assert kind_of("qwertzuiop") is None
