"""Tiles of the world map: squares of the Web Mercator projection, named `zoom/x/y`, as the engine's geotile grid names them.

At zoom z the world is 2^z tiles wide and high; x counts from 180° west, y from 85.05° north (OpenStreetMap: Slippy map
tilenames).
"""

import math
import re
from typing import Any

from engine.errors import BadQuestion

Json = dict[str, Any]
TILE = re.compile(r"(\d{1,2})/(\d{1,9})/(\d{1,9})")
MAX_ZOOM = 22
MAX_LATITUDE = 85.05112878  # degrees, beyond which the projection has no tiles
ACCEPTED = f"accepted: zoom/x/y of a map tile, zoom 0 to {MAX_ZOOM}, such as 5/16/10"


def parse_tile(value: str) -> tuple[int, int, int]:
    """Zoom, x and y; BadQuestion where there is no such tile."""
    match = TILE.fullmatch(value.strip())
    zoom, x, y = (int(number) for number in match.groups()) if match else (-1, 0, 0)
    if not 0 <= zoom <= MAX_ZOOM or max(x, y) >= 1 << zoom:
        raise BadQuestion(f"tile {value[:80]!r} is not understood; {ACCEPTED}")
    return zoom, x, y


def bounds_of(zoom: int, x: int, y: int) -> tuple[float, float, float, float]:
    """South, west, north, east of a tile, in degrees."""
    return _latitude(zoom, y + 1), x * 360 / (1 << zoom) - 180, _latitude(zoom, y), (x + 1) * 360 / (1 << zoom) - 180


def tile_at(latitude: float, longitude: float, zoom: int) -> str:
    """The tile that a place lies in; places nearer to a pole than any tile lie in the last one."""
    side, within = 1 << zoom, max(-MAX_LATITUDE, min(MAX_LATITUDE, latitude))
    x = int((longitude + 180) / 360 * side)
    y = int((1 - math.asinh(math.tan(math.radians(within))) / math.pi) / 2 * side)
    return f"{zoom}/{max(0, min(x, side - 1))}/{max(0, min(y, side - 1))}"


def tile_clause(value: str) -> Json:
    """Documents whose place lies in the tile, as a query; BadQuestion."""
    south, west, north, east = bounds_of(*parse_tile(value))
    corners = {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}
    return {"geo_bounding_box": {"place": corners}}


def _latitude(zoom: int, y: int) -> float:
    """The northern edge of row y, in degrees."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / (1 << zoom)))))
