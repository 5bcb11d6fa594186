"""Tags through the API."""

import io
from collections.abc import Sequence

from flask import Flask
from flask.testing import FlaskClient

from answers.tag import Tag, TagEvidence, Tags
from engine.settings import Settings
from query.request import SearchRequest
from tests.web.web_doubles import HOSTILE, fake_services, picture_bytes, sha
from web.app import create_app

FOUND = Tags(
    tags=[
        Tag(
            name=HOSTILE, language="en", confidence=0.8, is_certain=True, broader=["bird"], also=["larks"],
            evidence=[TagEvidence(id=sha(1), place=1, probability=0.9, kind="caption", words="A lark.")],
        )
    ],
    neighbours=3, certain=0.7,
)  # fmt: skip


class Tagging:
    """Gives the same tags to everything, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[SearchRequest, tuple[str, ...]]] = []

    def __call__(self, request: SearchRequest, languages: Sequence[str]) -> Tags:
        self.asked.append((request, tuple(languages)))
        return FOUND


def client_of(settings: Settings, tagging: Tagging) -> FlaskClient:
    app: Flask = create_app(settings, fake_services(settings, tags=tagging), {"RATELIMIT_STORAGE_URI": "memory://"})
    return app.test_client()


def test_tags_of_a_picture_of_the_collection_in_chosen_languages(settings: Settings) -> None:
    tagging = Tagging()
    answer = client_of(settings, tagging).get(f"/api/v1/tags?like={sha(1)}&box=0,0,0.5,0.5&language=de&language=en")
    assert answer.status_code == 200 and Tags.model_validate(answer.get_json()) == FOUND
    (request, languages) = tagging.asked[0]
    assert (request.like, request.box, languages) == (sha(1), [0, 0, 0.5, 0.5], ("de", "en"))


def test_tags_of_a_picture_that_is_sent(settings: Settings) -> None:
    tagging, data = Tagging(), picture_bytes()
    answer = client_of(settings, tagging).post("/api/v1/tags", data={"image": (io.BytesIO(data), "a.png")})
    assert answer.status_code == 200 and tagging.asked[0][0].image == data


def test_too_many_languages_are_refused(settings: Settings) -> None:
    answer = client_of(settings, Tagging()).get(f"/api/v1/tags?like={sha(1)}&language=a&language=b&language=c&language=d")
    assert answer.status_code in {400, 422}
    assert "language" in answer.get_data(as_text=True)
