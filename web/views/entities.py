"""What a picture shows: the entity card, for a page and for programs; and the judgement that it is wrong."""

from flask import request
from pydantic import BaseModel, Field

from answers.entities import EntityCard, Identification
from answers.entities.card import shown
from engine.errors import BadQuestion
from ranking.judgements.judgement import Judgement
from web.access import search_rate, upload_rate
from web.parameters import SearchParameters
from web.services import get_services
from web.view import Views
from web.views.events import kept_topic, visitor
from web.views.search import PictureForm, to_request

VIEWS = Views("entities")
WRONG = 0  # the grade of an entity that the question does not show


class IdentifyParameters(SearchParameters):
    """A question, and the language of its reader."""

    language: str = Field("", max_length=35, description="BCP 47; by default the browser's, else English.")


class EntityParameters(BaseModel):
    """Names an entity."""

    id: str = Field(min_length=1, max_length=200)
    language: str = Field("", max_length=35, description="BCP 47; by default the browser's, else English.")


class WrongBody(SearchParameters):
    """A question, and the entity that it was wrongly said to show."""

    entity: str = Field(min_length=1, max_length=200)


class Wrong(BaseModel):
    """What became of the judgement."""

    entity: str
    logged: bool = Field(description="Whether it was kept: only that of visitors who agreed")
    address: str = Field(description="Of the page that answers the question")


@VIEWS.json("GET", "/identify", rate=search_rate)
def identify(query: IdentifyParameters) -> Identification:
    """What a picture shows.

    A card of the entity where one is certain, with reasons; else the closest ones as `perhaps`. Words help, or ask alone.
    """
    return identified(query)


@VIEWS.json("POST", "/identify", rate=upload_rate)
def identify_sent(query: IdentifyParameters, form: PictureForm) -> Identification:
    """What a picture that is sent along shows.

    The parameters are the same; the picture is not kept.
    """
    return identified(query, form.image.read() if form.image else None)


@VIEWS.json("GET", "/entity")
def entity(query: EntityParameters) -> EntityCard:
    """The card of an entity by its id.

    404 where there is none, or where it was deleted.
    """
    return shown(get_services().entities.entity(query.id), reader_language(query.language))


@VIEWS.action("/entity/wrong", lambda wrong: wrong.address)
def wrong(body: WrongBody) -> Wrong:
    """Say that a picture does not show the entity of its card.

    Kept as a judgement (grade 0) of visitors who agreed to the logging of searches and clicks. 404 where the entity was deleted
    meanwhile: nothing is kept.
    """
    asked = SearchParameters.model_validate(body.model_dump()).model_copy(update={"more": [], "less": []})
    return Wrong(entity=body.entity, logged=log_wrong(asked, body.entity), address=asked.url())


def identified(parameters: IdentifyParameters, image: bytes | None = None) -> Identification:
    """What the question shows; `image` replaces any picture that it names."""
    if image is None and not (parameters.has_picture or parameters.text.strip()):
        raise BadQuestion("ask with a picture, with words, or with both")
    return get_services().entities.identify(to_request(parameters, image), reader_language(parameters.language))


def log_wrong(asked: SearchParameters, name: str) -> bool:
    """Keep the judgement if its visitor agreed and the question can be asked again; NotFoundError for an unknown entity."""
    entities, client = get_services().entities, visitor()
    found = entities.entity(name)
    if not client or asked.is_empty or asked.address or asked.region:
        return False
    topic = kept_topic(entities.judgements, asked)
    entities.judgements.judge([Judgement(topic=topic.id, document=found.id, grade=WRONG, source="marks", rater=client)])
    return True


def reader_language(named: str = "") -> str:
    """The language of the reader: as named, else the browser's first, else English."""
    return named or (request.accept_languages.best or "en").replace("*", "en")
