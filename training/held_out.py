"""Held-out development pictures: no weights are fitted on them; figures and the questions of learning to rank use them.

A picture is held out by a hash of its name, so that the choice is the same on every machine and independent of other files. Of
everyday photos, the thousand with the smallest hashes are held out. Imports no model library, because evaluation sets use it.
"""

import hashlib
from collections.abc import Iterable

# Per mille of each set. Grocery's `val` and clothing's `validation` are never fitted on, in addition.
SHARES = {"grocery": 160, "clothing": 300, "demo": 500}
EVERYDAY = 1000  # photos of Flickr8k


def is_held_out(data_set: str, name: str) -> bool:
    """Whether the picture of that file name is held out. Raise KeyError for a set without a share."""
    return rank(data_set, name) % 1000 < SHARES[data_set]


def everyday_held_out(names: Iterable[str]) -> list[str]:
    """The held-out file names among all of Flickr8k's, in a fixed order."""
    return sorted(set(names), key=lambda name: rank("flickr8k", name))[:EVERYDAY]


def rank(data_set: str, name: str) -> int:
    """A hash of the name, 48 bits, the same on every machine."""
    return int(hashlib.sha256(f"{data_set}/{name}".encode()).hexdigest()[:12], 16)
