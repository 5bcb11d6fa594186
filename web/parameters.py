"""The parameters of a question in an address of the page or the API: parsed, checked, and written back into links."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from query.answer import Goal
from query.tiles import tile_at

BOX_NUMBERS = 4
NEAR_ZOOM = 12  # of the tile that is near a place: some 10 km to a side
ShortId = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{6,64})?$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]


class SearchParameters(BaseModel):
    """A question, as the query string of `/search` and `/api/v1/search`."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field("", max_length=2000, description='Words; `"a phrase"`, `+must`, `-not`, `field:value`.')
    picture: Sha256 = Field("", description="sha256 of a picture that was sent before (`POST /api/v1/uploads`).")
    like: ShortId = Field("", description="Id of a picture of the collection, or the first letters of it, at least 6.")
    address: str = Field("", max_length=2000, description="http(s) address of a picture.")
    box: str = Field("", max_length=100, description="Part of the picture: `x,y,w,h` as fractions of its size.")
    region: str = Field(
        "", max_length=100, description="Instead of `box`: `x,y,w,h` in pixels, or `pct:x,y,w,h` (IIIF syntax)."
    )
    filter: list[str] = Field([], max_length=50, description="`name=value`; several values of a name are alternatives.")
    more: list[ShortId] = Field([], max_length=50, description="Id of a picture to find more like; several are repeated.")
    less: list[ShortId] = Field([], max_length=50, description="Id of a picture to find less like, and not to show again.")
    page: int = Field(1, ge=1, le=1000)
    number: int | None = Field(None, ge=1, le=100, description="Results on a page.")
    everything: bool = Field(False, description="Show results below the relevance threshold, too.")
    diversity: float | None = Field(
        None, ge=0, lt=1, description="How much results should differ from those above them (maximal marginal relevance)."
    )
    goal: Goal | Literal[""] = Field("", description="What the picture is asked for, instead of what Omma guesses.")
    complete: bool = Field(False, description="Wait for the parts of the answer that take longer: tags, the card.")
    dsl: bool = Field(False, description="Include the exact requests sent to OpenSearch.")

    @field_validator("filter")
    @classmethod
    def _filters_have_names(cls, filters: list[str]) -> list[str]:
        wrong = [entry for entry in filters if not entry.partition("=")[0] or "=" not in entry]
        if wrong:
            raise ValueError(f"a filter is name=value, not {wrong[0]!r}")
        return list(dict.fromkeys(filters))

    @field_validator("box")
    @classmethod
    def _box_has_four_numbers(cls, box: str) -> str:
        if box and len([float(number) for number in box.split(",")]) != BOX_NUMBERS:
            raise ValueError("a box is x,y,w,h: four fractions of the picture's size")
        return box

    def question(self) -> "SearchParameters":
        """The question alone, without the parameters that a subclass adds."""
        return SearchParameters.model_validate(self.model_dump(include=set(SearchParameters.model_fields)))

    @property
    def has_picture(self) -> bool:
        """Whether the question names a picture, by any of the three ways."""
        return bool(self.picture or self.like or self.address)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked at all."""
        return not (self.has_picture or self.text.strip() or self.filter or self.more)

    @property
    def is_marked(self) -> bool:
        """Whether any picture was marked `more` or `less`."""
        return bool(self.more or self.less)

    def marked(self, mark: str) -> "SearchParameters":
        """The first page of the question with a mark, `more:ID` or `less:ID`, or without that of a picture, `none:ID`."""
        how, _, document = mark.partition(":")
        lists = {name: [one for one in getattr(self, name) if one != document] for name in ("more", "less")}
        if how in lists:
            lists[how].append(document)
        return self.question().model_copy(update={"page": 1, **lists})

    def filters(self) -> dict[str, list[str]]:
        """Values by filter name."""
        found: dict[str, list[str]] = {}
        for name, _, value in (entry.partition("=") for entry in self.filter):
            found.setdefault(name, []).append(value)
        return found

    def fractions(self) -> list[float] | None:
        """The box as four numbers."""
        return [float(number) for number in self.box.split(",")] if self.box else None

    def url(self, path: str = "/search", **changes: Any) -> str:
        """The address of the question with changes: of page 1, with `complete` only if it is one of them.

        Another picture is asked for a goal of its own.
        """
        if "box" in changes:  # it replaces a part given by `region`
            changes.setdefault("region", "")
        other = {"goal": ""} if {"picture", "like", "address"} & changes.keys() else {}
        changed = self.model_copy(update={"page": 1, "complete": False} | other | changes)
        return f"{path}?{urlencode(changed.pairs())}"

    def pairs(self) -> list[tuple[str, str]]:
        """Name and value of everything that differs from its default, for links and hidden fields."""
        pairs: list[tuple[str, str]] = []
        for name, value in self.model_dump(exclude_defaults=True).items():
            values = value if isinstance(value, list) else [value]
            pairs += [(name, "true" if entry is True else str(entry)) for entry in values]
        return pairs

    def compare(self, one: str, other: str) -> str:
        """The address at which two results of the question are compared."""
        return f"{self.url('/compare')}&{urlencode({'one': one, 'other': other})}"

    def with_terms(self, terms: str) -> str:
        """The address of the same question with further words: `+red`, `-cat -cats`."""
        return self.url(text=f"{self.text} {terms}".strip())

    def with_filter(self, name: str, value: str) -> str:
        """The address of the same question, narrowed down by one more value."""
        return self.url(filter=[*self.filter, f"{name}={value}"])

    def with_only(self, name: str, value: str, path: str = "/search") -> str:
        """The address of the same question with this value instead of others of the same name."""
        return self.url(path, filter=[*(one for one in self.filter if one.partition("=")[0] != name), f"{name}={value}"])

    def around(self, place: list[float]) -> str:
        """The address of the pictures that were taken near a place: latitude, longitude."""
        return SearchParameters(filter=[f"tile={tile_at(place[0], place[1], NEAR_ZOOM)}"]).url("/archive")

    def without_filter(self, name: str, value: str, path: str = "/search") -> str:
        """The address of the same question without that value."""
        return self.url(path, filter=[entry for entry in self.filter if entry != f"{name}={value}"])


class CompareParameters(SearchParameters):
    """A question, and two of its results."""

    one: str = Field(min_length=1, max_length=64, description="Id of a result.")
    other: str = Field(min_length=1, max_length=64, description="Id of another one.")


def describe(error: ValidationError) -> str:
    """The wrong parameters and what is wrong with each, in one line for people."""
    parts = (
        f"{'.'.join(str(place) for place in entry['loc'])}: {entry['msg'].removeprefix('Value error, ')}"
        for entry in error.errors(include_url=False)
    )
    return "; ".join(parts)
