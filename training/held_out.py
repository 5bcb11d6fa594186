"""Which development pictures no weights are ever fitted on: figures, and questions that an order is learned from, need such.

A picture is held out by a hash of its name, so that the choice is the same on every machine and does not depend on what else
is there. Of everyday photos exactly a thousand are: those of the smallest hashes.
"""

import hashlib
from collections.abc import Iterable

# Per mille of each set. Grocery's `val` and clothing's `validation` are never fitted on, whatever is said here.
SHARES = {"grocery": 160, "clothing": 300, "demo": 500}
EVERYDAY = 1000


def is_held_out(data_set: str, name: str) -> bool:
    """Whether the picture of that file name is; KeyError for a set that has no share."""
    return rank(data_set, name) % 1000 < SHARES[data_set]


def everyday_held_out(names: Iterable[str]) -> list[str]:
    """The held-out file names among all of Flickr8k's, in a fixed order."""
    return sorted(set(names), key=lambda name: rank("flickr8k", name))[:EVERYDAY]


def rank(data_set: str, name: str) -> int:
    """A number that is the same everywhere."""
    return int(hashlib.sha256(f"{data_set}/{name}".encode()).hexdigest()[:12], 16)
