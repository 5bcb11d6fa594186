"""The drawing of an archive's map and time line, as numbers for SVG: nothing is fetched, and no style is written inline."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from query.archive import Period, Tile

WIDTH, HEIGHT = 1000.0, 500.0  # of the map, in its own units
MARGIN = 0.22  # of the area around the places, as a share of it
MIN_SPAN = 0.02  # degrees of longitude that a map shows at least
WORLD = 360.0  # degrees
STEPS = (30.0, 15.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)  # degrees between the lines of the graticule
MIN_LINES = 4  # across the map
RADII = (14.0, 40.0)  # of spots: of a single picture, and of the fullest tile
LABELLED = 20.0  # radius from which a spot has its number written on it
BAR_HEIGHT, LINE_HEIGHT = 120.0, 160.0  # of the time line: of its fullest bar, and of the whole
MAX_LABELS = 12  # on the time line


@dataclass(frozen=True, slots=True)
class Line:
    """A meridian or a parallel, with its name."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A tile with pictures, at their middle; `number` is empty where it does not fit in."""

    x: float
    y: float
    radius: float
    tile: Tile
    number: str


@dataclass(frozen=True, slots=True)
class Map:
    """The graticule and the spots, the largest first, so that small ones lie above."""

    lines: Sequence[Line]
    spots: Sequence[Spot]


@dataclass(frozen=True, slots=True)
class Bar:
    """A period as a bar; `label` is empty where labels would touch."""

    x: float
    width: float
    y: float
    height: float
    middle: float
    label: str
    period: Period


@dataclass(frozen=True, slots=True)
class _Frame:
    """The area that is shown: its west and north edge, and how many units a degree takes in either direction."""

    west: float
    north: float
    across: float
    down: float

    @property
    def east(self) -> float:
        return self.west + WIDTH / self.across

    @property
    def south(self) -> float:
        return self.north - HEIGHT / self.down

    def at(self, latitude: float, longitude: float) -> tuple[float, float]:
        return round((longitude - self.west) * self.across, 2), round((self.north - latitude) * self.down, 2)


def map_of(tiles: Sequence[Tile]) -> Map:
    """The map of all tiles, by an equirectangular projection that is true to scale in its middle."""
    frame = _frame(tiles)
    largest = max((tile.count for tile in tiles), default=1)
    spots = [_spot(tile, frame, largest) for tile in sorted(tiles, key=lambda tile: -tile.count)]
    return Map([*_meridians(frame), *_parallels(frame)], spots)


def _frame(tiles: Sequence[Tile]) -> _Frame:
    """Around all places with a margin; the whole world where there are none."""
    latitudes, longitudes = ([tile.place[axis] for tile in tiles] or [0.0] for axis in (0, 1))
    middle = [(min(side) + max(side)) / 2 for side in (latitudes, longitudes)]
    squeeze = max(math.cos(math.radians(middle[0])), 0.1)  # a degree of longitude by one of latitude, at this latitude
    tall, wide = (max(side) - min(side) for side in (latitudes, longitudes))
    span = max(wide, tall * (WIDTH / HEIGHT) / squeeze, MIN_SPAN) * (1 + 2 * MARGIN) if tiles else WORLD
    span = min(span, WORLD)
    across = WIDTH / span
    down = across / squeeze if span < WORLD else WIDTH / WORLD
    west = max(-WORLD / 2, min(middle[1] - span / 2, WORLD / 2 - span))
    return _Frame(west, middle[0] + HEIGHT / down / 2 if span < WORLD else HEIGHT / down / 2, across, down)


def _spot(tile: Tile, frame: _Frame, largest: int) -> Spot:
    """Its area grows with the number of pictures."""
    least, most = RADII
    radius = round(least + (most - least) * math.sqrt((tile.count - 1) / max(largest - 1, 1)), 1)
    x, y = frame.at(*tile.place)
    return Spot(x, y, radius, tile, f"{tile.count:,}" if radius >= LABELLED and tile.count > 1 else "")


def _meridians(frame: _Frame) -> Iterator[Line]:
    for degrees in _marks(frame.west, frame.east):
        x, _ = frame.at(0.0, degrees)
        yield Line(x, 0.0, x, HEIGHT, _named(degrees, "E", "W"))


def _parallels(frame: _Frame) -> Iterator[Line]:
    for degrees in _marks(max(frame.south, -90.0), min(frame.north, 90.0)):
        _, y = frame.at(degrees, 0.0)
        yield Line(0.0, y, WIDTH, y, _named(degrees, "N", "S"))


def _marks(low: float, high: float) -> list[float]:
    """Round degrees between two edges: the coarsest that are enough."""
    step = next((step for step in STEPS if (high - low) / step >= MIN_LINES), STEPS[-1])
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _named(degrees: float, positive: str, negative: str) -> str:
    value = f"{abs(degrees):.3f}".rstrip("0").rstrip(".")
    return f"{value}°" + (positive if degrees > 0 else negative if degrees < 0 else "")


def timeline_of(periods: Sequence[Period]) -> list[Bar]:
    """A bar for each period, side by side."""
    step, largest = WIDTH / max(len(periods), 1), max((period.count for period in periods), default=1)
    every = -(-len(periods) // MAX_LABELS) or 1
    bars = []
    for at, period in enumerate(periods):
        height = round(max(BAR_HEIGHT * period.count / largest, 2.0), 2)
        width = round(min(step * 0.8, 80.0), 2)
        middle = round((at + 0.5) * step, 2)
        label = period.date if at % every == 0 else ""
        bars.append(Bar(round(middle - width / 2, 2), width, round(BAR_HEIGHT - height + 6, 2), height, middle, label, period))
    return bars
