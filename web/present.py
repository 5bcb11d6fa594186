"""Filters and globals of the templates: values as text, pictures and boxes, the bars that explain a score."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from flask import Flask, request
from markupsafe import Markup, escape

from query.answer import Result, ResultComparison
from query.request import signed_terms
from web import access
from web.map import map_of, timeline_of
from web.views import events

MARK_START, MARK_END = "\ue000", "\ue001"
MIN_ASPECT, MAX_ASPECT = 0.6, 2.2  # width over height of tiles; the grid crops narrower and wider pictures
KIBI = 1024
MINUTE, HOUR = 60, 3600
TINTS = 8  # colours of factors in the style sheet
MAX_PART = 0.8  # of a picture's area; a larger box is not drawn


def install(app: Flask) -> None:
    """Register the filters and globals of the templates."""
    filters = (
        marked, message_html, as_words, percent, duration, file_size, minute, as_filters,
        signed_terms, aspect, largest_first, is_part, svg_rect, svg_dots, svg_points,
        bar_scale, difference_scale, bar, main_factor, factors_shown, map_of, timeline_of,
    )  # fmt: skip
    app.jinja_env.filters.update({function.__name__: function for function in filters})
    app.jinja_env.globals.update(tint=tint, current_path=lambda: request.path)
    app.context_processor(lambda: {"token_required": access.token_required(), "signed_in": access.signed_in()})
    app.jinja_env.globals.update(
        asks_consent=events.asks_consent, may_withdraw=events.may_withdraw, current_place=lambda: request.full_path.rstrip("?")
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def marked(snippet: str) -> Markup:
    """A snippet as HTML: escaped first, then text between U+E000 and U+E001 is marked."""
    parts = snippet.split(MARK_START)
    html = escape(parts[0].replace(MARK_END, ""))
    for part in parts[1:]:
        inside, _, after = part.partition(MARK_END)
        html += Markup("<mark>%s</mark>%s") % (inside, after.replace(MARK_END, ""))
    return html


def message_html(message: str) -> Markup:
    """A message as HTML: capitalised, with text between backticks as code."""
    plain, *rest = (message[:1].upper() + message[1:]).split("`")
    html = escape(plain)
    for at, part in enumerate(rest):
        html += Markup("<code>%s</code>") % part if at % 2 == 0 else escape(part)
    return html


def as_words(name: str) -> str:
    """A name of the code as words: `linked_text` as `Linked text`."""
    plain = name.replace("_", " ").replace("-", " ").replace(".", ": ").strip()
    return plain[:1].upper() + plain[1:]


def percent(fraction: float) -> str:
    """`0.427` as `43 %`; a fraction below half a percent as `<1 %`."""
    whole = round(100 * fraction)
    return "<1 %" if fraction > 0 and whole == 0 else f"{whole} %"


def duration(seconds: float | None) -> str:
    """Seconds in their two largest units; a dash for None."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def file_size(count: int) -> str:
    """A number of bytes in the unit that suits it."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < KIBI:
            return f"{value:.0f} {unit}" if unit != "MB" else f"{value:.1f} {unit}"
        value /= KIBI
    return f"{value:.1f} GB"


def minute(value: datetime | str | float | None) -> str:
    """A time to the minute; other text is cut to 16 characters."""
    if isinstance(value, float | int):
        value = datetime.fromtimestamp(value).astimezone()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return (value or "").replace("T", " ")[:16]


def as_filters(filters: dict[str, list[str]]) -> list[str]:
    """Filters as addresses have them: `name=value`."""
    return [f"{name}={value}" for name, values in filters.items() for value in values]


def aspect(width: int, height: int) -> str:
    """The class of a tile's shape, in tenths of width over height: `ar-15` for 3:2."""
    ratio = width / height if width and height else 1.0
    return f"ar-{round(10 * min(max(ratio, MIN_ASPECT), MAX_ASPECT))}"


class Boxed(Protocol):
    """Something with a box: an object of a question, or an item of a description."""

    @property
    def box(self) -> list[float] | None:
        """x, y, w, h as fractions of the image."""


AnyBoxed = TypeVar("AnyBoxed", bound=Boxed)


def largest_first(boxed: Iterable[AnyBoxed]) -> list[AnyBoxed]:
    """The order of drawing: a box within another one comes after it, so that both can be clicked."""
    return sorted(boxed, key=lambda one: -one.box[2] * one.box[3] if one.box else 0.0)


def is_part(box: list[float] | None) -> bool:
    """Whether a box is so small a part of its picture that it is drawn over the thumbnail."""
    return box is not None and box[2] * box[3] < MAX_PART


def svg_rect(box: list[float], width: int, height: int) -> dict[str, float]:
    """A box of fractions as x, y, width, height in pixels of the picture, for SVG."""
    x, y, w, h = box
    return {
        "x": round(x * width, 4), "y": round(y * height, 4),
        "width": round(w * width, 4), "height": round(h * height, 4),
    }  # fmt: skip


def svg_dots(points: list[list[float]], at: int) -> str:
    """Matched points of one picture as an SVG path of strokes without length, drawn as dots; `at`: 0 asked, 2 found."""
    return "".join(f"M{point[at]:.4f} {point[at + 1]:.4f}h0" for point in points)


def svg_points(outline: list[list[float]]) -> str:
    """Corners as the `points` of an SVG polygon."""
    return " ".join(f"{x:.4f},{y:.4f}" for x, y in outline)


class Scale(NamedTuple):
    """The scale of bars: the greatest contributions against and for a result, both as positive numbers."""

    down: float
    up: float

    @property
    def zero(self) -> float:
        """The position of zero, in hundredths of the whole scale."""
        return round(100 * self.down / ((self.down + self.up) or 1.0), 2)


def bar_scale(results: Iterable[Result]) -> Scale:
    """One scale for the contributions to all results."""
    return _scale([part.contribution for result in results for part in result.why])


def difference_scale(compare: ResultComparison) -> Scale:
    """One scale for the differences of two results."""
    return _scale([difference.contribution for difference in compare.differences])


def _scale(parts: list[float]) -> Scale:
    return Scale(-min([0.0, *parts]), max([0.0, *parts]))


def bar(contribution: float, scale: Scale) -> dict[str, float]:
    """Start and length of a bar, in hundredths of the whole scale."""
    whole = (scale.down + scale.up) or 1.0
    begin, end = sorted((0.0, contribution))
    return {"x": round(100 * (begin + scale.down) / whole, 2), "width": round(max(100 * (end - begin) / whole, 0.4), 2)}


def main_factor(result: Result) -> str:
    """The title of the factor that contributes most to a result."""
    known = [part for part in result.why if part.value is not None] or result.why
    return max(known, key=lambda part: part.contribution).title if known else "Why"


def factors_shown(results: Iterable[Result]) -> list[str]:
    """All factors of these results by descending share, so that each keeps its tint from tile to tile."""
    shares: dict[str, float] = defaultdict(float)
    for part in (part for result in results for part in result.why):
        shares[part.factor] += part.share
    return sorted(shares, key=lambda name: (-shares[name], name))


def tint(factor: str, order: list[str]) -> int:
    """The number of a factor's tint, which is the same everywhere on a page."""
    return order.index(factor) % TINTS if factor in order else TINTS - 1
