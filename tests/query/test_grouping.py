"""Near-duplicates are the same picture, not the same drawing in other colours."""

from typing import Any

import pytest

from query.ordering import same_pictures
from query.retrieval import Row

HASH = 0b1011 << 40


def row(name: str, **fields: Any) -> Row:
    shown = {"phash_bits": HASH, "width": 400, "height": 300, "colour": ("red", "white")} | fields
    lists = {key: list(value) if isinstance(value, tuple) else [value] for key, value in shown.items() if value is not None}
    return Row(name, {}, lists)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"width": 200, "height": 150}, True),
        ({"phash_bits": HASH ^ 0b1111}, True),
        ({"phash_bits": HASH ^ 0b11111}, False),
        ({"width": 300}, False),
        ({"colour": ("blue", "white")}, False),
        ({"colour": ("white",)}, True),
        ({"colour": None}, True),
        ({"phash_bits": None}, False),
    ],
)
def test_same_pictures(other: dict[str, Any], same: bool) -> None:
    alike = same_pictures([row("one"), row("other", **other)], bits=4)
    assert bool(alike[0, 1]) is same
    assert bool(alike[1, 0]) is same
