"""Features of a question from which its goal is guessed: what the picture shows, its text, the words, the part, the copies.

All are numbers that are 0 where nothing is known, so that a question without an extractor is a question like any other.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from answers.intent.goals import GOALS
from answers.intent.words import goals_in
from query.answer import FoundObject, Result
from query.question import Understood
from ranking.candidate_set import VERTICALS, vertical
from vision.image_features import Colour, ImageFeatures, Label, Text, Vector

Features = dict[str, float]
READS = ("labels", "objects", "text", "colours", "phash", "local", "joint")  # extractors whose output the features are made of
# Objects of the detector by group; a group's feature is the share of the picture that its largest object covers.
OBJECTS: Mapping[str, tuple[str, ...]] = {
    "person": ("person",),
    "animal": ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
    "vehicle": ("bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
    "food": ("banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake"),
    "worn": ("tie", "handbag", "backpack", "suitcase", "umbrella"),
    "screen": ("tv", "laptop", "cell phone", "keyboard", "mouse", "remote"),
    "container": ("bottle", "cup", "bowl", "vase", "wine glass", "book"),
    "furniture": (
        "chair", "couch", "bed", "dining table", "potted plant", "toilet", "clock", "refrigerator", "oven", "sink",
    ),
}  # fmt: skip
# Classes of the classifier by what they say of the goal, where their hypernyms do not say it.
CLASSES: Mapping[str, frozenset[str]] = {
    "page": frozenset((
        "web site", "menu", "crossword puzzle", "envelope", "binder", "notebook", "oscilloscope", "street sign",
    )),
    "cover": frozenset(("book jacket", "comic book", "packet", "carton", "jigsaw puzzle", "cassette", "iPod")),
    "face": frozenset((
        "wig", "lipstick", "face powder", "sunglass", "sunglasses", "bow tie", "Windsor tie", "suit", "hair spray", "mask",
        "neck brace", "bonnet", "bathing cap", "academic gown", "Band Aid", "miniskirt", "stole", "abaya", "seat belt",
        "bulletproof vest",
    )),
    "sight": frozenset((
        "church", "castle", "palace", "monastery", "dome", "bell cote", "obelisk", "triumphal arch", "fountain", "stupa",
        "mosque", "vault", "megalith", "cliff dwelling", "library", "patio", "pedestal", "bannister", "altar", "beacon",
        "viaduct",
    )),
    "surface": frozenset((
        "velvet", "wool", "quilt", "prayer rug", "doormat", "dishrag", "window shade", "shower curtain", "theater curtain",
        "handkerchief", "honeycomb", "chainlink fence", "chain mail", "tile roof", "stone wall", "spider web", "window screen",
        "poncho", "bath towel", "pillow", "tray", "strainer", "radiator", "knot", "shoji", "apron",
    )),
}  # fmt: skip
# Captions that the picture is compared with in the joint embedding of images and words.
PROMPTS: Mapping[str, str] = {
    "page": "a photo of a page of text", "receipt": "a receipt", "web": "a screenshot of a web site", "cover": "a book cover",
    "package": "a package of food in a shop", "portrait": "a portrait of a person", "man": "the face of a man",
    "woman": "the face of a woman", "street": "people in a street", "building": "a building", "church": "a church",
    "sight": "a famous sight", "landscape": "a landscape", "pattern": "a pattern", "fabric": "a fabric",
    "texture": "a texture of a surface", "garment": "a piece of clothing", "shoes": "a pair of shoes", "chair": "a chair",
    "room": "a room in a house", "dish": "a plate of food", "animal": "an animal", "dog": "a dog", "car": "a car",
    "drawing": "a drawing", "logo": "a logo", "sign": "a sign with words", "product": "a product on a white background",
    "flower": "a flower", "group": "a group of people playing",
}  # fmt: skip
PAPER = ("white", "black", "grey")  # colours of paper and print


def features_of(understood: Understood, results: Sequence[Result], prompts: Vector | None = None) -> Features:
    """The features of a question, by name.

    `results` are the first ones, of which copies and offers count; `prompts` [n, d] are the vectors of PROMPTS, in their order.
    """
    shown, image = understood.shown, understood.question.image_features
    found = _of_objects(shown.objects, shown.box) | _of_words(understood.request.text) | _of_results(results)
    found["part"] = 0.0 if shown.box is None else 1.0 - shown.box[2] * shown.box[3]
    return found | (_of_image(image) | _of_prompts(image.joint, prompts) if image else {})


def _of_image(image: ImageFeatures) -> Features:
    wide = math.log(image.width / image.height)
    shape = {"shape.wide": max(0.0, wide), "shape.tall": max(0.0, -wide)}
    return shape | _of_labels(image.labels or ()) | _of_text(image.text) | _of_colours(image.colours or ())


def _of_objects(objects: Sequence[FoundObject], box: Sequence[float] | None) -> Features:
    """Share of the picture, or of the chosen part, that objects cover."""
    seen = [(one, _share(one.box, box or (0.0, 0.0, 1.0, 1.0))) for one in objects]
    seen = [(one, share) for one, share in seen if share > 0]
    found = {
        f"object.{group}": max((s for one, s in seen if one.label in names), default=0.0) for group, names in OBJECTS.items()
    }
    known = {label for names in OBJECTS.values() for label in names}
    found["object.other"] = max((share for one, share in seen if one.label not in known), default=0.0)
    found["objects"] = math.log1p(len(seen))
    found["objects.people"] = math.log1p(sum(one.label == "person" for one, _ in seen))
    found["objects.largest"] = max((share for _, share in seen), default=0.0)
    return found


def _share(box: Sequence[float], part: Sequence[float]) -> float:
    """The share of a part that a box covers; boxes are x, y, w, h."""
    across = max(0.0, min(box[0] + box[2], part[0] + part[2]) - max(box[0], part[0]))
    down = max(0.0, min(box[1] + box[3], part[1] + part[3]) - max(box[1], part[1]))
    return across * down / (part[2] * part[3] or 1.0)


def _of_labels(labels: Sequence[Label]) -> Features:
    """Probability of each vertical and of each group of classes, and how sure the classifier is."""
    found = dict.fromkeys((f"label.{name}" for name in (*VERTICALS, *CLASSES)), 0.0)
    for label in labels:
        found[f"label.{vertical([label])}"] += label.confidence
        for group, names in CLASSES.items():
            found[f"label.{group}"] += label.confidence * bool(names & {*label.names})
    return found | {"label.sure": max((label.confidence for label in labels), default=0.0)}


def _of_prompts(joint: Vector | None, prompts: Vector | None) -> Features:
    """Cosines of the picture and the captions; none where either is missing, or the index has another embedding."""
    if joint is None or prompts is None or prompts.shape[-1] != len(joint):
        return {}
    return {f"prompt.{name}": float(cosine) for name, cosine in zip(PROMPTS, prompts @ joint, strict=True)}


def _of_text(text: Text | None) -> Features:
    """Lines, words, the share of the picture that lines cover, and their height: small in documents, large on covers."""
    lines = text.confident if text else ()
    height = statistics.median(line.box.h for line in lines) if lines else 0.0
    return {
        "text.lines": math.log1p(len(lines)),
        "text.words": math.log1p(len(text.words) if text else 0),
        "text.share": min(1.0, sum(line.box.area for line in lines)),
        "text.height": height,
        "text.digits": _digits(line.text for line in lines),
        "text.low": math.log1p(len(text.low_confidence) if text else 0),
    }


def _digits(lines: Iterable[str]) -> float:
    """The share of digits among letters and digits: high on receipts."""
    signs = [sign for line in lines for sign in line if sign.isalnum()]
    return sum(sign.isdigit() for sign in signs) / len(signs) if signs else 0.0


def _of_colours(colours: Sequence[Colour]) -> Features:
    return {
        "colours": float(len(colours)),
        "colours.first": max((colour.share for colour in colours), default=0.0),
        "colours.paper": sum(colour.share for colour in colours if colour.name in PAPER),
        "colours.white": sum(colour.share for colour in colours if colour.name == "white"),
    }


def _of_words(text: str) -> Features:
    named = goals_in(text)
    return {"words": math.log1p(len(text.split()))} | {f"words.{goal}": float(goal in named) for goal in GOALS}


def _of_results(results: Sequence[Result]) -> Features:
    """How surely the first results are copies of the picture, and how many are offers."""
    every = [one for result in results for one in (result, *result.duplicates)]
    return {
        "found.copy": max((one.factors.get("near_duplicate", 0.0) for one in every), default=0.0),
        "found.points": max((one.factors.get("local.inliers", 0.0) for one in every), default=0.0),
        "found.offers": sum(one.price is not None for one in results) / (len(results) or 1),
    }
