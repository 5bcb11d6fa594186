"""Where and when the pictures of an archive were taken: tiles of the map with counts, and periods of time, by one request.

The map and the time line are as fine as their number of entries allows: filters by `tile` and `date` narrow the archive down,
and what is left is shown finer.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from query.answer import Result
from query.engine_calls import Calls
from query.page import plain_result
from query.question import Understood
from query.tiles import MAX_ZOOM, bounds_of, parse_tile

Json = dict[str, Any]
ZOOMS = (2, 4, 6, 8, 10, 12, 14)  # of the grid, beyond that of a chosen tile
MAX_TILES, MAX_PERIODS = 60, 62  # that are shown; of more, the next coarser grid or period is
MAX_SAMPLES = 24
FINENESS = 4  # zooms between what is shown and its tiles: 2^4 tiles fit into its width
MIN_SPAN = 0.01  # degrees, some kilometre
PERIODS = {"day": "yyyy-MM-dd", "month": "yyyy-MM", "year": "yyyy"}  # the finest first


class Tile(BaseModel):
    """A tile of the map in which pictures were taken."""

    tile: str = Field(description="zoom/x/y: the value of the filter `tile`")
    count: int
    place: list[float] = Field(description="latitude, longitude: the middle of the pictures in it")
    bounds: list[float] = Field(description="south, west, north, east")


class Period(BaseModel):
    """A year, month or day in which pictures were taken."""

    date: str = Field(description="`2024`, `2024-05` or `2024-05-31`: the value of the filter `date`")
    count: int


class Archive(BaseModel):
    """Places and times of the pictures that meet the filters, and the newest of them."""

    total: int
    placed: int = Field(0, description="Pictures whose place is known")
    dated: int = Field(0, description="Pictures whose date is known")
    tiles: list[Tile] = Field([], description="The fullest first")
    periods: list[Period] = Field([], description="In order of time; those without pictures are left out")
    samples: list[Result] = []


def archived(calls: Calls, understood: Understood) -> Archive:
    """Count the documents that meet the filters, by place and time; EngineUnavailable."""
    zooms = _zooms(understood.request.filters.get("tile", []))
    answer = calls.search(_body(understood, zooms))
    counted = answer["aggregations"]
    return Archive(
        total=answer["hits"]["total"]["value"],
        placed=counted["placed"]["doc_count"],
        dated=counted["dated"]["doc_count"],
        tiles=_tiles(counted["placed"], zooms),
        periods=_periods(counted["dated"]),
        samples=[plain_result(hit["_id"], hit["_source"]) for hit in answer["hits"]["hits"]],
    )


def _zooms(tiles: Sequence[str]) -> list[int]:
    """Zooms of the grids that are counted: finer ones within a chosen tile."""
    base = max((parse_tile(value)[0] for value in tiles), default=0)
    return sorted({min(base + zoom, MAX_ZOOM) for zoom in ZOOMS})


def _body(understood: Understood, zooms: Sequence[int]) -> Json:
    middle = {"middle": {"geo_centroid": {"field": "place"}}}
    grids: Json = {
        str(zoom): {"geotile_grid": {"field": "place", "precision": zoom, "size": MAX_TILES + 1}, "aggs": middle}
        for zoom in zooms
    }
    times: Json = {
        name: {"date_histogram": {"field": "date", "calendar_interval": name, "format": shape, "min_doc_count": 1}}
        for name, shape in PERIODS.items()
    }
    return {
        "size": MAX_SAMPLES,
        "_source": ["title", "category", "width", "height", "date", "place"],
        "track_total_hits": True,
        "query": {"bool": {"filter": list(understood.question.filters)}},
        "sort": [{"date": {"order": "desc", "missing": "_last", "unmapped_type": "date"}}, {"_seq_no": "desc"}],
        "aggs": {
            "placed": {"filter": {"exists": {"field": "place"}}, "aggs": grids},
            "dated": {"filter": {"exists": {"field": "date"}}, "aggs": times},
        },
    }


def _tiles(counted: Mapping[str, Any], zooms: Sequence[int]) -> list[Tile]:
    """The grid whose tiles are about a sixteenth of what is shown, or a coarser one where it has too many."""
    grids = {zoom: [_tile(bucket) for bucket in counted[str(zoom)]["buckets"]] for zoom in zooms}
    few = {zoom: grid for zoom, grid in grids.items() if len(grid) <= MAX_TILES}
    if not few:
        return grids[zooms[0]][:MAX_TILES]
    most = math.log2(360 / _span(few[max(few)])) + FINENESS
    return few[max((zoom for zoom in few if zoom <= most), default=min(few))]


def _span(tiles: Sequence[Tile]) -> float:
    """The greater side of the area that the tiles' middles lie in, in degrees."""
    sides = [[tile.place[axis] for tile in tiles] for axis in (0, 1)]
    return max(MIN_SPAN, *(max(side, default=0.0) - min(side, default=0.0) for side in sides))


def _tile(bucket: Mapping[str, Any]) -> Tile:
    middle = bucket["middle"]["location"]
    return Tile(
        tile=bucket["key"],
        count=bucket["doc_count"],
        place=[round(middle["lat"], 6), round(middle["lon"], 6)],
        bounds=[round(side, 6) for side in bounds_of(*parse_tile(bucket["key"]))],
    )


def _periods(counted: Mapping[str, Any]) -> list[Period]:
    """The finest periods that are not too many."""
    rows = [counted[name]["buckets"] for name in PERIODS]
    chosen = next((row for row in rows if len(row) <= MAX_PERIODS), rows[-1][-MAX_PERIODS:])
    return [Period(date=bucket["key_as_string"], count=bucket["doc_count"]) for bucket in chosen]
