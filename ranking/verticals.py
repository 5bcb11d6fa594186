"""The category of a question: what its picture shows, as one of a few kinds that need different rankings."""

from collections.abc import Iterable

from vision.image_features import Label

# A vertical, and the WordNet hypernyms that lead to it; the first that fits. The classes of ImageNet spread over these.
KINDS = {
    "food": ("food", "foodstuff", "edible fruit", "vegetable", "produce", "beverage", "dish", "nutriment"),
    "package": ("container", "vessel", "bottle", "packaging", "box", "bag", "wrapping"),
    "plant": ("plant", "flora", "flower", "fungus", "tree", "fruit"),
    "animal": ("animal", "beast"),
    "person": ("person", "individual"),
    "clothing": ("clothing", "article of clothing", "garment", "footwear", "headdress", "accessory", "fabric", "covering"),
    "vehicle": ("vehicle", "conveyance", "transport"),
    "building": ("structure", "construction", "building", "edifice"),
    "nature": ("geological formation", "natural object", "scene"),
    "document": ("written communication", "creation", "communication", "signboard", "paper"),
}
VERTICALS = (*KINDS, "thing")
_OF = {name: vertical for vertical, names in reversed(KINDS.items()) for name in names}


def vertical(labels: Iterable[Label]) -> str:
    """The vertical with most of the classes' probability; `thing` for none of them, empty where nothing is known."""
    votes: dict[str, float] = {}
    for label in labels:
        kind = next((_OF[name] for name in (*label.names, *label.hypernyms) if name in _OF), "thing")
        votes[kind] = votes.get(kind, 0.0) + label.confidence
    return max(sorted(votes), key=lambda kind: votes[kind], default="")
