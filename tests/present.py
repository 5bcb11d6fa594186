"""Outputs that a test knows to be there."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """The value; AssertionError where there is none."""
    assert value is not None, "there is no value"
    return value
