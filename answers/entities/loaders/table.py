"""Tables of entities: CSV, TSV, JSON Lines or Parquet, one entity a row."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from answers.entities.entity import BadEntity, Entity, Json, entity_of
from answers.entities.kinds import kind_of
from answers.entities.loading import EntityLoader
from answers.entities.names import folded
from ingest.item import Refusal
from ingest.sources.rows import FORMATS, BadRow, read_rows

TEXTS = {"name": "names", "description": "descriptions"}  # column, or `column.language` -> field
PLAIN = ("id", "type", "image", "page", "licence", "source", "synset")
LISTS = {"aliases": "aliases", "references": "references"}
SEPARATOR = "|"  # of several aliases or references in one cell


class TableLoader(EntityLoader):
    """Rows with the columns `name`, `name.de`, `aliases`, `description`, `type`, ...; every other column is a fact."""

    name: ClassVar[str] = "table"
    accepts: ClassVar[str] = "a CSV, TSV, JSON Lines or Parquet file"
    about: ClassVar[str] = (
        "One entity a row: `id`, `name` (`name.de` for a language), `aliases` and `references` (ids of documents), separated "
        "by `|`, `description`, `type`, `image`, `page`, `licence`, `source`, `prior`. Other columns are facts. `--class` "
        "takes types."
    )

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Files of the formats of feeds."""
        return path is not None and path.is_file() and path.suffix.lower() in FORMATS

    def entities(self) -> Iterator[Entity | Refusal]:
        """Row by row; a broken one is refused, and the next ones are read."""
        path = Path(self.spec)
        for row in read_rows(path):
            if isinstance(row, BadRow):
                yield Refusal(f"row {row.number}", row.reason, row.message)
                continue
            try:
                entity = from_record(row.values, path.name)
            except BadEntity as error:
                yield Refusal(f"row {row.number}", "bad-entity", str(error))
                continue
            if not self.classes or entity.type in self.classes:
                yield entity


def from_record(values: Mapping[str, Any], file: str) -> Entity:
    """The entity of a row; BadEntity. Values may be the cells of a table, or objects and lists of JSON."""
    record: Json = {"names": {}, "descriptions": {}, "facts": {}, "source": file}
    for name, value in values.items():
        column, _, language = name.partition(".")
        if value is None or value in ("", [], {}):
            continue
        if name in ("names", "descriptions", "facts") and isinstance(value, dict):
            record[name] |= value
        elif column in TEXTS:
            record[TEXTS[column]][language] = _text(name, value)
        elif column in LISTS:
            _add_list(record, column, language, value)
        elif name == "prior":
            record[name] = value
        elif name in PLAIN:
            record[name] = _text(name, value)
        else:
            record["facts"][name] = _text(name, value)[:500]
    return entity_of(_completed(record, file))


def _completed(record: Json, file: str) -> Json:
    """With an id made from the file and the name, and a type and synset by WordNet, where the record has none."""
    name = next(iter(record["names"].values()), "")
    kind = kind_of(name, [record.get("type", "")])
    made = {"id": f"{file}:{folded(name)}"} | ({"type": kind.type} if kind else {})
    return made | record


def _add_list(record: Json, column: str, language: str, value: Any) -> None:
    if column == "aliases" and isinstance(value, dict):
        record["aliases"] = value
        return
    if not isinstance(value, str | list):
        raise BadEntity(f"{column}: a text or a list is expected")
    values = value.split(SEPARATOR) if isinstance(value, str) else value
    cells = [_text(column, one).strip() for one in values if one]
    if column == "aliases":
        record.setdefault("aliases", {})[language] = cells
    else:
        record[column] = cells


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise BadEntity(f"{name}: a text is expected")
    return str(value)
