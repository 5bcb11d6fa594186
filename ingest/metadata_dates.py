"""Dates as metadata and programs write them, as ISO 8601."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

# EXIF: `2024:05:17 10:20:30`, XMP: `2024-05-17T10:20:30.25+02:00`, or less precise; exiftool adds a zone and fractions.
WRITTEN = re.compile(
    r"(\d{4})(?:[:/.-](\d{1,2})(?:[:/.-](\d{1,2}))?)?"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d*)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)
SHORT = re.compile(r"(\d{4})(\d{2})(\d{2})")  # IPTC
LEAST = (1, 1, 1, 0, 0, 0)  # what a missing part of a date counts as
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_date(written: Any) -> str:
    """ISO 8601 of a date, empty for what is none: zeros and blanks (EXIF's unknown date), the 30th of February.

    A missing month, day or time is the first one; a zone is kept.
    """
    text = str(written or "").strip("\0 \t\r\n")
    found = SHORT.fullmatch(text) or WRITTEN.fullmatch(text)
    if not found:
        return ""
    *numbers, zone = found.groups() if found.re is WRITTEN else (*found.groups(), *(None,) * (WRITTEN.groups - SHORT.groups))
    year, month, day, hour, minute, second = (int(part) if part else least for part, least in zip(numbers, LEAST, strict=True))
    try:
        date = datetime(year, month, day, hour, minute, second).isoformat()
        return datetime.fromisoformat(date + (zone or "")).isoformat()
    except ValueError:
        return ""


def iso_of_timestamp(seconds: Any) -> str:
    """ISO 8601 of seconds since 1970, as number or text, also before 1970; empty for none, and for 0, an unknown time."""
    try:
        return (EPOCH + timedelta(seconds=int(seconds))).isoformat() if int(seconds) else ""
    except (TypeError, ValueError, OverflowError):
        return ""
