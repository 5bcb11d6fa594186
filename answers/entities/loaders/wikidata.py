"""Wikidata's JSON dump: one item a line, read as a stream; gzip and bzip2 are unpacked on the way."""

import bz2
import gzip
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, ClassVar
from urllib.parse import quote

from answers.entities.entity import MAX_ALIASES, BadEntity, Entity, Json, entity_of
from answers.entities.loading import EntityLoader
from ingest.item import Refusal

OPENERS: dict[str, Callable[[Path, str], Any]] = {".gz": gzip.open, ".bz2": bz2.open}
MAX_LINE = 32 * 1024 * 1024  # bytes; the longest items have a few megabytes
INSTANCE_OF, SUBCLASS_OF, IMAGE, PLACE, SYNSET = "P31", "P279", "P18", "P625", "P8814"
# Class -> type. Items of other classes have the type `thing`, unless WordNet knows their synset.
TYPES = {
    "Q5": "person", "Q570116": "landmark", "Q839954": "landmark", "Q4989906": "landmark", "Q41176": "building",
    "Q16970": "building", "Q23413": "building", "Q33506": "building", "Q16521": "animal", "Q95074": "character",
    "Q15632617": "character", "Q15711870": "character", "Q6256": "country", "Q14660": "flag", "Q186516": "flag",
    "Q3305213": "work", "Q11424": "work", "Q571": "work", "Q431289": "brand", "Q2424752": "product", "Q3231690": "vehicle",
}  # fmt: skip
SITELINKS_AT_MOST = 350  # of the best-known items
LICENCE = "CC0 1.0"


class WikidataLoader(EntityLoader):
    """Items of the given classes, by `instance of` or `subclass of`; without classes, all items that have a label."""

    name: ClassVar[str] = "wikidata"
    accepts: ClassVar[str] = "a Wikidata JSON dump (.json, .json.gz, .json.bz2)"
    about: ClassVar[str] = (
        "Wikidata's JSON dump, one item a line, as a stream: labels, aliases and descriptions in every language, picture, "
        "place, the address of its article. `--class Q839954` takes only items that are an instance or a subclass of it."
    )

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Files that end with .json, packed or not."""
        return (
            path is not None and path.is_file() and path.name.lower().removesuffix(".gz").removesuffix(".bz2").endswith(".json")
        )

    def entities(self) -> Iterator[Entity | Refusal]:
        """Line by line; a broken one is refused, and the next ones are read."""
        path = Path(self.spec)
        opened = OPENERS[path.suffix.lower()](path, "rb") if path.suffix.lower() in OPENERS else path.open("rb")
        with opened as file:
            for number, line in enumerate(_lines(file), start=1):
                if found := self._of_line(number, line):
                    yield found

    def _of_line(self, number: int, line: bytes) -> Entity | Refusal | None:
        """The entity of a line; None for the brackets of the dump, and for items of other classes."""
        text = line.strip().rstrip(b",")
        if text in (b"", b"[", b"]"):
            return None
        if len(line) >= MAX_LINE:
            return Refusal(f"line {number}", "bad-row", f"longer than {MAX_LINE} bytes")
        try:
            item = json.loads(text)
            return self._of_item(item)
        except Exception as error:  # not JSON, not UTF-8, or not of the form of an item
            return Refusal(f"line {number}", "bad-entity", str(error)[:500] or type(error).__name__)

    def _of_item(self, item: Any) -> Entity | None:
        if not isinstance(item, dict) or not isinstance(item.get("claims", {}), dict | list):
            raise BadEntity("not an item of Wikidata")
        claims = item.get("claims") or {}
        kinds = {str(one.get("id")) for prop in (INSTANCE_OF, SUBCLASS_OF) for one in values_of(claims, prop)}
        if (self.classes and not kinds & {*self.classes}) or not item.get("labels"):
            return None
        return entity_of(record_of(item, claims, sorted(kinds)))


def record_of(item: Json, claims: Mapping[str, Any], kinds: list[str]) -> Json:
    """An item as the record of an entity. Its prior is the share of the best-known item's sitelinks, by logarithms."""
    name, links = str(item.get("id", "")), item.get("sitelinks") or {}
    aliases = {tag: [one["value"] for one in found][:MAX_ALIASES] for tag, found in (item.get("aliases") or {}).items()}
    known = math.log1p(len(links)) / math.log1p(SITELINKS_AT_MOST)
    return {
        "id": f"wikidata:{name}",
        "names": {tag: one["value"] for tag, one in item["labels"].items()},
        "aliases": aliases,
        "descriptions": {tag: one["value"] for tag, one in (item.get("descriptions") or {}).items()},
        "type": next((TYPES[kind] for kind in kinds if kind in TYPES), "thing"),
        "synset": next((f"n{one.split('-')[0]}" for one in values_of(claims, SYNSET) if str(one).endswith("-n")), ""),
        "facts": _facts(claims),
        "image": _image(claims),
        "page": _page(name, links),
        "licence": LICENCE,
        "source": "Wikidata",
        "prior": min(max(known, 0.01), 1.0),
    }


def values_of(claims: Any, prop: str) -> list[Any]:
    """The values of a property; statements without a value, or deprecated ones, are left out."""
    found = claims.get(prop, []) if isinstance(claims, dict) else []
    values = ((one.get("rank"), (one.get("mainsnak") or {}).get("datavalue") or {}) for one in found if isinstance(one, dict))
    return [value["value"] for rank, value in values if rank != "deprecated" and "value" in value]


def _facts(claims: Mapping[str, Any]) -> dict[str, str]:
    places = [one for one in values_of(claims, PLACE) if isinstance(one, dict) and "latitude" in one]
    return {"place": f"{places[0]['latitude']:.5f}, {places[0]['longitude']:.5f}"} if places else {}


def _image(claims: Mapping[str, Any]) -> str:
    files = [one for one in values_of(claims, IMAGE) if isinstance(one, str)]
    return f"https://commons.wikimedia.org/wiki/Special:FilePath/{quote(files[0])}" if files else ""


def _page(name: str, links: Mapping[str, Any]) -> str:
    """The English article, else any, else the item itself."""
    site = "enwiki" if "enwiki" in links else next((one for one in links if one.endswith("wiki")), "")
    title = (links.get(site) or {}).get("title", "")
    if not title:
        return f"https://www.wikidata.org/wiki/{quote(name)}"
    return f"https://{site.removesuffix('wiki').replace('_', '-')}.wikipedia.org/wiki/{quote(title.replace(' ', '_'))}"


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines of at most MAX_LINE bytes; the rest of a longer one is passed over."""
    while line := file.readline(MAX_LINE):
        yield line
        while len(line) == MAX_LINE and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)
