"""What is this? Things that were drawn and indexed are named with their card; what nothing is known of is not."""

import pytest

from answers.entities import EntityCard, Identification, identify
from answers.entities.entity import Entity
from engine.errors import NotFoundError
from query.pipeline import Values
from query.search import Searcher
from tests.answers.entities import examples
from tests.answers.entities.conftest import STRIPES, House
from tests.vision.drawing import photo

pytestmark = [pytest.mark.engine, pytest.mark.models]


def sure(found: Identification) -> EntityCard:
    """The card; the message names what was perhaps meant."""
    assert found.card, [(one.name, one.confidence) for one in found.perhaps]
    return found.card


def test_a_flag_is_named_in_the_readers_language(house: House) -> None:
    taken = examples.taken(examples.flag(*STRIPES["Argentina"], sun="#f6b40e"))
    card = sure(house.identify(taken))
    assert card.name == "Flag of Argentina" and card.language == "en"
    assert card.pictures == [house.ids["flag Argentina"]]
    assert card.why and card.confidence >= 0.5
    assert sure(house.identify(taken, "de-AT")).name == "Flagge von Argentina"
    assert sure(house.identify(taken, "ja")).name == "Flag of Argentina"


def test_a_landmark_is_named_by_points_that_lie_alike(house: House) -> None:
    card = sure(house.identify(examples.taken(examples.tower(1))))
    assert (card.name, card.type) == ("New Tower", "landmark")
    assert "keypoints" in {reason.kind for reason in card.why}


def test_a_flower_has_the_gloss_of_wordnet(house: House) -> None:
    card = sure(house.identify(examples.taken(examples.flower(5, "#c05ab8"))))
    assert (card.name, card.type) == ("orchid", "plant")
    assert "plants of the orchid family" in card.description


def test_a_cartoon_figure_is_told_from_another(house: House) -> None:
    card = sure(house.identify(examples.taken(examples.figure(70, "#3a6ea5"))))
    assert card.name == "Bunny Long"
    assert card.description == "Bunny Long, the mascot of the tests"


def test_a_product_has_the_prices_of_its_offers(house: House) -> None:
    card = sure(house.identify(examples.taken(examples.box("Oat\nCrunch", "#8a2be2"))))
    assert (card.name, card.type, card.facts["brand"]) == ("Oat Crunch", "product", "Acme")
    assert card.prices == [3.49, 3.49]
    assert [(offer.title, offer.price, offer.page) for offer in card.offers] == [
        ("Oat Crunch", 3.49, "https://shop.example/10")
    ]


def test_a_person_who_is_named_in_text_is_found_by_that_picture(house: House) -> None:
    card = sure(house.identify(examples.taken(examples.person(0))))
    assert (card.name, card.type) == ("Ada Example", "person")


def test_words_alone_name_an_entity(house: House) -> None:
    found = house.identify(text="flag of ukraine")
    assert "Flag of Ukraine" in {one.name for one in [found.card, *found.perhaps] if one}


@pytest.mark.parametrize("seed", [901, 902, 903, 904])
def test_of_what_nothing_is_known_there_is_no_card(house: House, seed: int) -> None:
    assert house.identify(examples.encoded(photo(seed=seed), "JPEG")).card is None


def test_without_neighbours_there_is_neither_a_card_nor_perhaps(house: House) -> None:
    found = house.identify(text="qwertzuiop asdfghjkl")
    assert (found.card, found.perhaps, found.warnings) == (None, [], [])


def test_without_entities_the_answer_says_how_to_load_some(house: House) -> None:
    other = house.settings.model_copy(update={"index_prefix": "nothing-here"})
    found = identify(Searcher(house.context.with_settings(other), lambda: house.extractor), Values())
    assert found.card is None and "omma entities load" in found.warnings[0]


def test_two_entities_of_one_name_are_told_apart_by_their_descriptions(house: House) -> None:
    both = [Entity(id="mercury planet", names={"en": "Mercury"}, descriptions={"en": "The smallest planet."}),
            Entity(id="mercury metal", names={"en": "Mercury"}, descriptions={"en": "A liquid metal."})]  # fmt: skip
    house.entities.put(both, "test", "test")
    found = house.identify(text="mercury")
    assert found.card is None
    assert {one.description for one in found.perhaps} >= {"The smallest planet.", "A liquid metal."}
    house.entities.delete_loaded("test")


def test_an_entity_without_pictures_is_found_by_its_name(house: House) -> None:
    house.entities.put([Entity(id="lonely", names={"en": "Zanzibar Lighthouse"})], "test", "test")
    found = house.identify(text="zanzibar lighthouse")
    names = [one.name for one in [found.card, *found.perhaps] if one]
    assert names[:1] == ["Zanzibar Lighthouse"]
    house.entities.delete_loaded("test")


def test_an_entity_that_was_deleted_is_not_shown_and_says_so(house: House) -> None:
    asked = examples.taken(examples.figure(10, "#a53a3a"))
    card = sure(house.identify(asked))
    kept = house.entities.get(card.id)
    assert house.entities.delete([card.id]) == 1
    found = house.identify(asked)
    assert card.id not in {one.id for one in [found.card, *found.perhaps] if one}
    with pytest.raises(NotFoundError, match="was deleted"):
        house.entities.get(card.id)
    house.entities.put([kept], "collection", "collection")


def test_hostile_text_harms_nothing(house: House) -> None:
    hostile = [
        "<script>alert(1)</script>",
        "\u202eright to left",
        "🙂" * 500,
        "a " * 900,
        "\x00\x07",
        "'; DROP TABLE entities; --",
    ]
    for text in hostile:
        assert house.identify(text=text[:1900]).card is None


def test_entities_are_made_anew_from_the_collection_and_follow_it(house: House) -> None:
    before = house.entities.counts()["collection"]
    house.load("collection")
    assert house.entities.counts()["collection"] == before == 4 + 3 + 3 + 2 + 2 + 2
    names = {one.names.get("en", one.names.get("")) for one in house.entities.page(kind="person").entities}
    assert names == {"Ada Example", "Ben Example"}


def test_vectors_are_made_anew_in_a_new_version_of_the_index(house: House) -> None:
    index = house.context.client.indices.get_alias(name=house.entities.alias)
    number = house.entities.page().total
    assert house.entities.renew() == number
    assert house.context.client.indices.get_alias(name=house.entities.alias).keys() != index.keys()
    assert house.entities.page().total == number
    assert sure(house.identify(examples.taken(examples.tower(0)))).name == "Old Tower"
