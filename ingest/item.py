"""An item: one picture as a source offers it, with the text and facts linked to it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from factors.linked import TextSnippet


@dataclass(frozen=True, slots=True)
class Item:
    """What travels from a source through the queue to a document; JSON-safe by `as_json`.

    Exactly one of `address` (http or https; a worker fetches it) and `original` (sha256 of bytes that the source has
    already put into the store) says where the bytes are. `reference` names the item within its source for people and
    for provenance: a relative path, a row number, an address.
    """

    source: str
    reference: str
    collection: str
    address: str = ""
    original: str = ""
    snippets: tuple[TextSnippet, ...] = ()
    category: str = ""
    page: str = ""
    date: str = ""  # ISO 8601
    place: tuple[float, float] | None = None  # latitude, longitude
    price: float | None = None
    facets: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As the queue carries it and quarantine stores it."""
        return asdict(self) | {"snippets": [snippet.as_json() for snippet in self.snippets]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Item":
        """Inverse of `as_json`."""
        snippets = tuple(TextSnippet.from_json(snippet) for snippet in data.get("snippets", ()))
        place = tuple(data["place"]) if data.get("place") else None
        return cls(**(data | {"snippets": snippets, "place": place}))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something of a source that cannot become an item: goes straight to quarantine."""

    reference: str
    reason: str
    message: str
