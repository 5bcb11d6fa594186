"""Collections whose images are asked with a known goal: phone photos of covers, receipts, faces, fabrics and others.

What somebody wants of a picture is not in the picture; the goal of a collection is what its images are usually asked for. Where
two goals are as usual (a garment is bought, or others like it are looked at), both are right. Each collection is wholly on one
side: the classifier is fitted to those of `train`, and measured on those of `test`.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from evaluation.datasets import SAME, Known, clothing, everyday, grocery_catalogue, grocery_photos, receipts, thinned
from query.answer import Goal
from training.transforms import TRANSFORMS
from training.transforms import copy as transformed

Side = Literal["train", "test"]
MAX_IMAGES, MAX_ASKED = 60, 20  # of a collection: indexed, asked with
KINDS = tuple(TRANSFORMS)


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a collection: its file, its class (the others of it are right), and facts that are indexed with it."""

    path: Path
    label: str = ""
    price: float | None = None
    landmark: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An image that asks: an indexed one, or bytes; `right` are grades by file, `box` a part of it."""

    name: str
    like: Path | None = None
    picture: bytes | None = None
    box: tuple[float, ...] | None = None
    right: Mapping[Path, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GoalCollection:
    """A collection: the folders that it needs, the goals that are right (the usual one first), its images, and who asks."""

    name: str
    side: Side
    goals: tuple[Goal, ...]
    needs: tuple[str, ...]
    images: Callable[[Path], list[Image]]
    asked: Callable[[Path, Sequence[Image]], Iterator[Asked]]


def alike(_: Path, images: Sequence[Image]) -> Iterator[Asked]:
    """Indexed images ask; the others of their class are right."""
    for image in thinned(list(images), MAX_ASKED):
        others = {other.path: SAME for other in images if other.label == image.label and other.path != image.path}
        yield Asked(image.path.name, like=image.path, right=others if image.label else {})


def copies(_: Path, images: Sequence[Image]) -> Iterator[Asked]:
    """Transformed copies ask; their originals are right."""
    for seed, image in enumerate(thinned(list(images), MAX_ASKED)):
        kind = KINDS[seed % len(KINDS)]
        data = transformed(image.path.read_bytes(), kind, seed)
        yield Asked(f"{kind} {image.path.name}", picture=data, right={image.path: SAME})


def labelled(folder: str, column: str, most: int = MAX_IMAGES, file: str = "labels.csv") -> Callable[[Path], list[Image]]:
    """Images of a table with a path and a label; a row whose `clean` is 0 shows something else than it says."""

    def images(data: Path) -> list[Image]:
        found = [row for row in table(data / folder / file) if row.get("clean") != "0"]
        by_path = {row["path"]: Image(data / folder / row["path"], row.get(column, "") if column else "") for row in found}
        return thinned(list(by_path.values()), most)

    return images


def table(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a header."""
    with file.open(newline="", encoding="utf-8-sig") as opened:
        return list(csv.DictReader(opened))


def _of_known(known: Sequence[Known], most: int = MAX_IMAGES) -> list[Image]:
    return [Image(one.path, one.fine, text=one.texts[0] if one.texts else "") for one in thinned(list(known), most)]


def _covers(data: Path) -> list[Image]:
    rows = table(data / "smvs_dvd" / "labels.csv")
    return [Image(data / "smvs_dvd" / row["path"], row["dvd_id"]) for row in rows if row["role"] == "reference"]


def _cover_photos(data: Path, images: Sequence[Image]) -> Iterator[Asked]:
    by_cover = {image.label: image.path for image in images}
    rows = [row for row in table(data / "smvs_dvd" / "labels.csv") if row["role"] == "query" and row["dvd_id"] in by_cover]
    for row in thinned(rows, MAX_ASKED):
        right = {by_cover[row["dvd_id"]]: SAME}
        yield Asked(row["path"], picture=(data / "smvs_dvd" / row["path"]).read_bytes(), right=right)


def _shop_photos(data: Path, images: Sequence[Image]) -> Iterator[Asked]:
    by_class = {image.label: image.path for image in images}
    for photo in thinned(grocery_photos(data, "val"), MAX_ASKED):
        right = {by_class[photo.fine]: SAME} if photo.fine in by_class else {}
        yield Asked(photo.path.name, picture=photo.path.read_bytes(), right=right)


def _feed(data: Path) -> list[Image]:
    root = data / "fashion_magento"
    products = {row["sku"]: row for row in table(root / "products.csv")}
    rows = [row for row in table(root / "images.csv") if row["sku"] in products]
    return [
        Image(root / row["path"], row["sku"], price=float(products[row["sku"]]["price"]), text=products[row["sku"]]["name"])
        for row in rows[: 2 * MAX_IMAGES]
    ]


def _snacks(data: Path) -> list[Image]:
    root = data / "products_snacks"
    products = {row["product_id"]: row for row in table(root / "catalogue.csv")}
    by_path = {row["path"]: products.get(row["label"], {}) for row in table(root / "labels.csv")}
    return [
        Image(root / path, row.get("product_id", ""), _price(row), text=row.get("name", "")) for path, row in by_path.items()
    ]


def _price(row: Mapping[str, str]) -> float | None:
    return float(row["price"]) if row.get("price") else None


def _sights(data: Path) -> list[Image]:
    rows = [row for row in table(data / "landmarks_oxford" / "labels.csv") if row["grade"] != "junk"]
    return [
        Image(data / "landmarks_oxford" / row["path"], row["landmark"], landmark=row["landmark"])
        for row in thinned(rows, MAX_IMAGES)
    ]


def _everyday(data: Path) -> list[Image]:
    return _of_known(everyday(data, MAX_IMAGES))


def _faces(data: Path) -> list[Image]:
    return [Image(path) for path in thinned(sorted((data / "faces" / "img").glob("*.jpg")), MAX_ASKED)]


def _objects(data: Path, images: Sequence[Image]) -> Iterator[Asked]:
    """The largest labelled object of each image is the part that is asked with."""
    boxes: dict[Path, list[float]] = {}
    for row in table(data / "boxes_voc" / "labels.csv"):
        x, y, w, h, width, height = (float(row[name]) for name in ("x", "y", "w", "h", "img_w", "img_h"))
        box, path = [x / width, y / height, w / width, h / height], data / "boxes_voc" / row["path"]
        boxes[path] = max(box, boxes.get(path, [0.0] * 4), key=lambda one: one[2] * one[3])
    for image in thinned([one for one in images if one.path in boxes], MAX_ASKED):
        yield Asked(image.path.name, like=image.path, box=tuple(round(side, 3) for side in boxes[image.path]))


COLLECTIONS = (
    GoalCollection("covers", "train", ("identify",), ("smvs_dvd",), _covers, _cover_photos),
    GoalCollection(
        "groceries", "train", ("identify", "shop"), ("grocery",), lambda d: _of_known(grocery_catalogue(d), 99), _shop_photos
    ),
    GoalCollection("pets", "train", ("identify",), ("pets37",), labelled("pets37", "breed"), alike),
    GoalCollection("cars", "train", ("identify",), ("cars",), labelled("cars", "model"), alike),
    GoalCollection("drawings", "train", ("identify", "similar"), ("pacs",), labelled("pacs", "object"), alike),
    GoalCollection("everyday photos", "train", ("similar",), ("flickr8k",), _everyday, alike),
    GoalCollection(
        "rooms", "train", ("similar", "shop", "pattern"), ("ikea",), labelled("ikea", "room_type", 40, "rooms.csv"), alike
    ),
    GoalCollection("garments", "train", ("similar", "shop"), ("clothing",), lambda d: _of_known(clothing(d)), alike),
    GoalCollection("feed of garments", "train", ("shop", "similar"), ("fashion_magento",), _feed, alike),
    GoalCollection("furniture", "train", ("shop", "similar"), ("ikea",), labelled("ikea", "type", 40, "items.csv"), alike),
    GoalCollection("receipts", "train", ("read",), ("receipts",), lambda d: _of_known(receipts(d)), alike),
    GoalCollection("signs", "train", ("read",), ("scene_text",), labelled("scene_text", "", 40, "signs.csv"), alike),
    GoalCollection("copies of photos", "train", ("copy",), ("flickr8k",), _everyday, copies),
    GoalCollection("copies of sights", "train", ("copy",), ("landmarks_oxford",), _sights, copies),
    GoalCollection("celebrities", "train", ("person",), ("faces_celeb24",), labelled("faces_celeb24", "person"), alike),
    GoalCollection("film stars", "train", ("person",), ("faces",), _faces, alike),
    GoalCollection("sights", "train", ("place",), ("landmarks_oxford",), _sights, alike),
    GoalCollection(
        "churches", "train", ("place", "pattern"), ("architecture3",), labelled("architecture3", "style", 40), alike
    ),
    GoalCollection("textures", "train", ("pattern",), ("textures_dtd10",), labelled("textures_dtd10", "texture"), alike),
    GoalCollection(
        "interiors", "train", ("similar", "pattern", "shop"), ("interior_styles",), labelled("interior_styles", "style", 40),
        alike
    ),
    GoalCollection("snacks", "test", ("identify", "shop"), ("products_snacks",), _snacks, alike),
    GoalCollection("dishes", "test", ("identify",), ("food10",), labelled("food10", "dish"), alike),
    GoalCollection("logos", "test", ("identify",), ("boxes_logos27",), labelled("boxes_logos27", "label"), alike),
    GoalCollection(
        "objects in photos", "test", ("identify", "similar"), ("boxes_voc",), labelled("boxes_voc", "", 40), _objects
    ),
    GoalCollection("street scenes", "test", ("similar",), ("boxes_coco",), labelled("boxes_coco", "", 40), alike),
    GoalCollection(
        "catalogue of garments", "test", ("shop", "similar"), ("boxes_garments",), labelled("boxes_garments", "", 40), alike
    ),
    GoalCollection(
        "household goods", "test", ("shop", "similar", "identify"), ("boxes_household",), labelled("boxes_household",
        "label"), alike
    ),
    GoalCollection("screenshots", "test", ("read",), ("screenshots",), labelled("screenshots", ""), alike),
    GoalCollection("signs in streets", "test", ("read",), ("scene_text",), labelled("scene_text", ""), alike),
    GoalCollection("versions of photos", "test", ("copy",), ("near_duplicates",), labelled("near_duplicates", "group"), alike),
    GoalCollection("copies of dishes", "test", ("copy",), ("food10",), labelled("food10", ""), copies),
    GoalCollection("politicians", "test", ("person",), ("faces_lfw10",), labelled("faces_lfw10", "person", 40), alike),
    GoalCollection("buildings", "test", ("place",), ("buildings25",), labelled("buildings25", "building"), alike),
    GoalCollection("squares", "test", ("place",), ("landmark_pairs",), labelled("landmark_pairs", "landmark"), alike),
    GoalCollection("fabrics", "test", ("pattern",), ("patterns_fabric",), labelled("patterns_fabric", "pattern"), alike),
)  # fmt: skip
