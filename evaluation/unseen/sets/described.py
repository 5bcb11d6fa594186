"""Collections asked by words, whose documents somebody described: everyday photos, interiors, a shop, recipes, receipts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from evaluation import datasets
from evaluation.datasets import SAME, Known, thinned
from evaluation.evaluation_set import family_of
from evaluation.unseen.collection import MAX_QUESTIONS, UnseenCollection, UnseenQuestion, UnseenSources, alike, rows

MAX_EVERYDAY = 200  # questions; the set that counts most
ENOUGH_ALIKE = 10  # items that a question by words may have as answers
WORDS_ASKED = 3  # of a receipt's line


class Everyday(UnseenCollection):
    """Everyday photos, each with what one person wrote about it."""

    name: ClassVar[str] = "everyday photos"
    about: ClassVar[str] = "Everyday photos; what somebody else wrote about one asks for it."
    needs: ClassVar[tuple[str, ...]] = (datasets.FLICKR,)
    learnable: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("words to picture", "picture and words", "near-duplicate")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """Photos on which no weights were fitted, with their first caption."""
        return [Known(k.path, self.name, texts=k.texts[:1]) for k in datasets.everyday(sources.data)]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """The second caption asks, as it was written."""
        for photo in thinned(datasets.everyday(sources.data), MAX_EVERYDAY):
            right = {photo.path: SAME}
            yield UnseenQuestion(photo.path.name, "words to photo", right, text=photo.texts[1], family=family_of(photo))


class Interiors(UnseenCollection):
    """Furniture and household goods, and rooms in which they stand."""

    name: ClassVar[str] = "interiors"
    about: ClassVar[str] = (
        "A catalogue of furniture; photographs of rooms ask for what stands in them, words for what they name."
    )
    needs: ClassVar[tuple[str, ...]] = ("ikea",)
    strangers: ClassVar[tuple[str, ...]] = ("cars", "pets")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """One item per photograph, with its type, name, colour, size and description."""
        root, seen, found = sources.data / "ikea", set[str](), []
        for row in rows(root / "items.csv"):
            if row["photo_group"] not in seen:
                seen.add(row["photo_group"])
                named = " ".join(row[key] for key in ("type", "name", "color", "size") if row[key])
                texts = tuple(text for text in (named, row["description"]) if text)
                found.append(Known(root / row["path"], self.name, _wanted(row), texts=texts))
        return found

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Each room, and each type of furniture in its colour."""
        root, documents = sources.data / "ikea", self.documents(sources)
        shown: dict[str, list[str]] = {}
        for pair in rows(root / "pairs.csv"):
            shown.setdefault(pair["room_path"], []).append(pair["item_path"])
        indexed = {known.path for known in documents}
        for room, paths in shown.items():
            right = {root / path: SAME for path in paths if root / path in indexed}
            yield UnseenQuestion(room, "room to items", right, picture=(root / room).read_bytes())
        by_words: dict[str, list[Known]] = {}
        for known in documents:
            by_words.setdefault(known.fine, []).append(known)
        asked = [(words, known) for words, known in by_words.items() if words and len(known) <= ENOUGH_ALIKE]
        for words, items in thinned(asked, MAX_QUESTIONS):
            yield UnseenQuestion(words, "words to items", {one.path: SAME for one in items}, text=words)


def _wanted(row: dict[str, str]) -> str:
    """What one would ask for: colour and type, in the shop's words; empty where either is missing."""
    return f"{row['color']} {row['type']}".lower() if row["color"] and row["type"] else ""


class ShopGarments(UnseenCollection):
    """A shop's catalogue: several views of each product, with its name and description."""

    name: ClassVar[str] = "shop garments"
    about: ClassVar[str] = (
        "A shop's catalogue; other views of the same product are right, or all views of the product that is named."
    )
    needs: ClassVar[tuple[str, ...]] = ("fashion_magento",)
    strangers: ClassVar[tuple[str, ...]] = ("cars", "pets")  # among the textures are dresses

    def documents(self, sources: UnseenSources) -> list[Known]:
        """Every view; name, category and description are linked to each."""
        root = sources.data / "fashion_magento"
        products = {row["sku"]: row for row in rows(root / "products.csv")}
        return [
            Known(root / r["path"], self.name, r["sku"], texts=_texts(products.get(r["sku"])))
            for r in rows(root / "images.csv")
        ]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """More like each main view, and the name of each product."""
        documents = self.documents(sources)
        main = [q for q in alike(documents, "more like this", SAME) if "_main" in q.name]
        yield from thinned(main, MAX_QUESTIONS)
        named: dict[str, list[Known]] = {}
        for known in documents:
            if known.texts:
                named.setdefault(known.texts[0], []).append(known)
        for name, views in thinned(list(named.items()), MAX_QUESTIONS):
            yield UnseenQuestion(name, "words to products", {one.path: SAME for one in views}, text=name)


def _texts(product: dict[str, str] | None) -> tuple[str, ...]:
    if product is None:
        return ()
    return tuple(text for text in (product["name"], product["category"].replace("/", " "), product["description"]) if text)


class Recipes(UnseenCollection):
    """Pictures of dishes from recipe pages."""

    name: ClassVar[str] = "recipes"
    about: ClassVar[str] = "Pictures of recipe pages; the name of a dish asks for its pictures."
    needs: ClassVar[tuple[str, ...]] = ("web_recipes",)
    strangers: ClassVar[tuple[str, ...]] = ("cars", "pets", "covers")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """Every picture, with the title and the ingredients of its page."""
        root = sources.data / "web_recipes"
        return [
            Known(root / row["image"], self.name, row["title"], texts=(row["title"], _ingredients(root / row["page"])))
            for row in rows(root / "pages.csv")
        ]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """Every title."""
        by_title: dict[str, list[Known]] = {}
        for known in self.documents(sources):
            by_title.setdefault(known.fine, []).append(known)
        for title, pictures in by_title.items():
            yield UnseenQuestion(title, "words to dish", {one.path: SAME for one in pictures}, text=title)


def _ingredients(page: Path) -> str:
    """The list below the heading of ingredients."""
    text = page.read_text(encoding="utf-8")
    part = text.partition("Ingredients</h2>")[2].partition("<h2>")[0]
    return ", ".join(re.findall(r"<li>(.*?)</li>", part))


class Receipts(UnseenCollection):
    """Scanned receipts, on which words can be read."""

    name: ClassVar[str] = "receipts"
    about: ClassVar[str] = "Scanned receipts; words of a line ask for the receipt."
    needs: ClassVar[tuple[str, ...]] = (datasets.RECEIPTS,)
    learnable: ClassVar[bool] = True
    learned: ClassVar[tuple[str, ...]] = ("text in picture",)
    strangers: ClassVar[tuple[str, ...]] = ("cars", "pets", "textures")

    def documents(self, sources: UnseenSources) -> list[Known]:
        """All receipts, without their text: it must be read."""
        return [Known(known.path, self.name, known.fine) for known in datasets.receipts(sources.data)]

    def questions(self, sources: UnseenSources) -> Iterator[UnseenQuestion]:
        """The longest words of every fifth line."""
        for receipt in datasets.receipts(sources.data):
            lines = [words for line in receipt.texts if len(words := datasets.words_of(line)) >= WORDS_ASKED]
            for words in lines[::5]:
                asked = " ".join(sorted(words, key=len, reverse=True)[:WORDS_ASKED])
                named, right = f"{receipt.path.name} {asked}", {receipt.path: SAME}
                yield UnseenQuestion(named, "words read", right, text=asked, family=family_of(receipt))
