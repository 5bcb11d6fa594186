"""Tags: what a picture shows, in the words of the text linked to similar ones."""

from pydantic import Field

from answers.tag import Tags
from web.access import search_rate, upload_rate
from web.parameters import SearchParameters
from web.services import get_services
from web.view import Views
from web.views.search import PictureForm, to_request

VIEWS = Views("tags")


class TagParameters(SearchParameters):
    """A picture, or its part, and the languages of its tags."""

    language: list[str] = Field(
        [], max_length=3, description="Languages of the tags (BCP 47); by default that of most of the text."
    )


@VIEWS.json("GET", "/tags", rate=search_rate)
def tags(query: TagParameters) -> Tags:
    """What a picture shows, as tags.

    A picture of the collection (`like`), one sent before (`picture`) or an address, or a part of it; filters narrow down the
    pictures whose text is read. Each tag has a calibrated confidence and the similar pictures that say so.
    """
    return _tags(query)


@VIEWS.json("POST", "/tags", rate=upload_rate)
def tags_of_upload(query: TagParameters, form: PictureForm) -> Tags:
    """What a picture that is sent along shows, as tags.

    The parameters are the same; the picture is not kept.
    """
    return _tags(query, form.image.read() if form.image else None)


def _tags(query: TagParameters, image: bytes | None = None) -> Tags:
    return get_services().tags(to_request(query.question(), image), query.language)
