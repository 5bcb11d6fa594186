"""An entity: one thing, or one kind of thing, that has a name; what a card shows of it."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from answers.entities.names import folded
from engine.errors import InputError
from ingest.text import clean, has_surrogates

MAX_NAME, MAX_DESCRIPTION, MAX_FACT = 200, 4000, 500  # characters
MAX_LANGUAGES, MAX_ALIASES, MAX_REFERENCES, MAX_FACTS = 400, 60, 16, 40
WEB = ("http://", "https://")
Json = dict[str, Any]


class BadEntity(InputError):
    """A record that is not an entity; the message says why."""


def _text(value: str) -> str:
    if has_surrogates(value):
        raise ValueError("is not valid Unicode: unpaired surrogate")
    return clean(value)


def _address(value: str) -> str:
    """Only addresses of the web are followed by a reader: `javascript:` must not become a link."""
    value = _text(value)
    if value and not value.lower().startswith(WEB):
        raise ValueError("is not an http or https address")
    return value


Text = Annotated[str, AfterValidator(_text)]
Address = Annotated[str, AfterValidator(_address), Field(max_length=2000)]


class Entity(BaseModel):
    """Texts are by language (BCP 47; empty where it is not known).

    `prior`: how well known it is, above 0 to 1, relative to others of the same name. `synset`: the WordNet noun that it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, AfterValidator(_text)] = Field(min_length=1, max_length=200)
    names: dict[str, Text] = Field(min_length=1, max_length=MAX_LANGUAGES)
    aliases: dict[str, list[Text]] = {}
    descriptions: dict[str, Text] = {}
    type: Text = Field("thing", max_length=40, description="`product`, `landmark`, `person`, `animal`, ...")
    synset: str = Field("", pattern=r"^(n\d{8})?$")
    facts: dict[str, Text] = Field({}, max_length=MAX_FACTS)
    image: Address = ""
    page: Address = Field("", description="Where the reader finds more")
    licence: Text = Field("", max_length=200)
    source: Text = Field("", max_length=200, description="Who says so: `WordNet`, `Wikidata`, a file")
    prior: float = Field(1.0, gt=0, le=1)
    references: list[str] = Field([], description="Ids of the documents that show it")

    @field_validator("names", "descriptions", "facts")
    @classmethod
    def _shortened(cls, texts: dict[str, str]) -> dict[str, str]:
        """Long descriptions and facts are cut; empty texts are left out."""
        return {tag: text[:MAX_DESCRIPTION] for tag, text in texts.items() if text}

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        """Every name has a letter or digit, and a length that a line holds."""
        if not any(folded(name) for name in self.names.values()):
            raise ValueError("it has no name")
        if long := next((name for name in self.names.values() if len(name) > MAX_NAME), None):
            raise ValueError(f"the name {long[:40]!r}... has more than {MAX_NAME} characters")
        return self

    @property
    def every_name(self) -> list[str]:
        """Names and aliases, folded, each once: those of the fewest words first are as good as any."""
        named = [*self.names.values(), *(alias for aliases in self.aliases.values() for alias in aliases[:MAX_ALIASES])]
        return list(dict.fromkeys(filter(None, map(folded, named))))


def entity_of(record: Json) -> Entity:
    """The entity of a record; BadEntity names the field and what is wrong with it."""
    try:
        return Entity.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadEntity(f"{where}: {first['msg']}" if where else str(first["msg"])) from error
