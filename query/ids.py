"""Short ids: people type the first letters of a sha256, and the index knows which document they mean."""

from opensearchpy import OpenSearch

from engine.client import guard
from engine.errors import BadQuestion, NotFoundError
from engine.settings import Settings
from mappings.versions import alias

FULL, FEWEST = 64, 6  # letters of an id, and of the beginning of one


def full_id(client: OpenSearch, settings: Settings, given: str) -> str:
    """The id that begins like this; NotFoundError where there is none, BadQuestion where there are several."""
    given = given.strip().lower()
    if len(given) >= FULL:
        return given
    if len(given) < FEWEST:
        raise BadQuestion(f"{given!r} is too short for an id; give at least {FEWEST} letters of it")
    body = {"size": 2, "_source": False, "query": {"prefix": {"id": given}}}
    with guard():
        hits = client.search(index=alias(settings), body=body, ignore_unavailable=True)["hits"]["hits"]
    if not hits:
        raise NotFoundError(f"there is no picture {given!r}")
    if len(hits) > 1:
        raise BadQuestion(f"several pictures begin with {given!r}; give more of the id")
    return str(hits[0]["_id"])
