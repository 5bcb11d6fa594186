"""Columns of a feed: which one is what, and how the feed writes prices, dates and several values, found in all of its rows.

A separator of several values is found by column. `|` and `;` separate wherever they are; a comma may be part of a value, so it
separates where the parts are single words, or where half of them occur in other cells, too.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from ingest.dates import day_comes_first
from ingest.item import MAX_FACET_LENGTH, Conventions
from ingest.prices import decimal_mark
from ingest.sources.files import is_picture

# Role -> usual names of its column, in order of preference, without case, spaces and marks (`Image URL` is `imageurl`).
ROLES: dict[str, tuple[str, ...]] = {
    "image": (
        "image", "picture", "imageurl", "imagelink", "imagesrc", "pictureurl", "picturelink", "mainimage", "mainimageurl",
        "mainimagelink", "baseimage", "featuredimage", "productimage", "productimageurl", "imagepath", "imagefile", "imagename",
        "path", "file", "filepath", "filename", "photo", "photourl", "img", "imgurl", "imgsrc", "images", "imageurls",
        "imagelinks", "pictures", "photos", "image1", "imageurl1", "picture1", "photo1",
    ),
    "page": ("page", "pageurl", "link", "producturl", "productlink", "productpage", "permalink", "url"),
    "title": ("title", "name", "productname", "producttitle", "itemname", "itemtitle", "imagetitle"),
    "description": (
        "description", "caption", "text", "summary", "bodyhtml", "body", "productdescription", "longdescription",
        "shortdescription",
    ),
    "alt": ("alt", "alttext", "imagealt", "imagealttext", "alternativetext"),
    "keywords": ("keywords", "tags", "keyword", "metakeywords", "producttags"),
    "price": ("price", "variantprice", "productprice", "regularprice", "unitprice", "itemprice"),
    "category": ("category", "producttype", "productcategory", "categories", "productcategories"),
    "date": ("date", "published", "publishedat", "publisheddate", "publicationdate", "datepublished"),
    "place": ("place", "location", "coordinates", "latlon", "latlong", "latlng"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "language": ("language", "lang", "locale"),
}  # fmt: skip
KEYS = (
    "sku",
    "variantsku",
    "id",
    "itemid",
    "productid",
    "articleid",
    "articlenumber",
    "itemnumber",
    "productcode",
    "gtin",
    "ean",
)
MORE_IMAGES = re.compile(
    r"(additional|other|more|extra|gallery)(image|picture|photo)s?(url|link|src)?s?|(image|picture|photo|img)(url|link|src)?\d+|gallery"
)
MARKS = re.compile(r"[\W_]+")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
ENTITY = re.compile(r"&#?\w+;")  # of HTML
WHOLE_NUMBERS = re.compile(r"\d{1,3}(?:,\d{1,2}){2,}")  # 36,37,38; not 12,500,000
COMMA_IN_NUMBER = re.compile(r"\d,\d")
SAMPLE_ROWS = 1000  # in which a column of pictures is looked for
MAX_CELLS = 10_000  # different cells of one column that are examined


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by role; `assigned` (role -> column) is what the user says."""

    assigned: Mapping[str, str] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> dict[str, str]:
        """Roles with their columns among these names: the assigned one, or the first with a usual name."""
        names = list(names)
        free = {normal(name): name for name in reversed(names) if name not in set(self.assigned.values())}
        usual = {role: next((free[name] for name in ROLES[role] if name in free), "") for role in ROLES}
        given = {role: name if name in names else "" for role, name in self.assigned.items()}
        return {role: column for role, column in (usual | given).items() if column}

    def completed(self, rows: Iterable[Mapping[str, Any]]) -> "Columns":
        """These columns with one for the picture, if none of the first rows has one: the first that mostly names pictures."""
        sample = list(islice(rows, SAMPLE_ROWS))
        if any("image" in self.of(values) for values in sample):
            return self
        used = {column for values in sample[:1] for column in self.of(values).values()}
        for name in dict.fromkeys(name for values in sample for name in values if name not in used):
            cells = [str(values[name]) for values in sample if values.get(name)]
            if cells and 2 * sum(is_picture(Path(cell.partition("?")[0])) for cell in cells) > len(cells):
                return Columns({**self.assigned, "image": name})
        return self


@lru_cache
def normal(name: str) -> str:
    """A column's name as in `ROLES`; Google's prefix `g:` is left out."""
    return MARKS.sub("", name.strip().casefold().removeprefix("g:"))


def key_of(values: Mapping[str, Any]) -> str:
    """The row's identifier: the value of its first column that is named like one; empty without one."""
    named = {normal(name): str(value).strip() for name, value in values.items() if isinstance(value, str | int)}
    return next((named[key] for key in KEYS if named.get(key)), "")


def conventions_of(rows: Iterable[Mapping[str, Any]], columns: Columns) -> Conventions:
    """How these rows write prices, dates, and several values."""
    marks, orders = set[str](), set[bool]()
    cells: dict[str, dict[str, None]] = {}  # keys only: different cells in order
    for values in rows:
        used = columns.of(values)
        marks |= {mark} if (mark := decimal_mark([values.get(used.get("price", ""))])) else set()
        orders |= {order} if (order := day_comes_first([values.get(used.get("date", ""))])) is not None else set()
        for role, name, text in _cells(values, used):
            found = cells.setdefault(role or name, {})
            if len(found) < MAX_CELLS:
                found[text] = None
    separators = {name: mark for name, found in cells.items() if (mark := _separator(list(found)))}
    decimal = marks.pop() if len(marks) == 1 else ""
    return Conventions(decimal, orders.pop() if len(orders) == 1 else None, separators)


def _cells(values: Mapping[str, Any], used: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Role if any, name and text of the cells that become facets or a category."""
    roles = {column: role for role, column in used.items()}
    for name, value in values.items():
        if isinstance(value, str) and len(value) <= MAX_FACET_LENGTH and roles.get(name, "category") == "category":
            yield roles.get(name, ""), name, value


def _separator(cells: list[str]) -> str:
    """What separates several values in these cells of one column; empty if each is one value."""
    for mark in "|;":
        if any(len(_parts(ENTITY.sub("", cell), mark)) > 1 for cell in cells):
            return mark
    return "," if _is_list([cell for cell in cells if "," in cell], cells) else ""


def _is_list(lists: list[str], cells: list[str]) -> bool:
    """Whether commas separate values in `lists`, the cells with commas."""
    if not lists or any(COMMA_IN_NUMBER.search(cell) and not WHOLE_NUMBERS.fullmatch(cell) for cell in lists):
        return False
    parts = {part for cell in lists for part in _parts(cell, ",")}
    times = Counter(part for cell in cells for part in set(_parts(cell, ",")))
    are_words = all(WORD.fullmatch(part) or part.isdecimal() for part in parts)
    return are_words or 2 * sum(times[part] > 1 for part in parts) >= len(parts)


def _parts(cell: str, mark: str) -> list[str]:
    return [part.strip() for part in cell.split(mark) if part.strip()]
