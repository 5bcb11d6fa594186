"""The demo corpus: drawings and photographs with a line of text in many languages each."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import ClassVar

from engine.errors import BadPicture
from factors.text import Kind, TextSnippet
from ingest.item import Item, Refusal
from ingest.sources.folder import category_of, name_snippet
from ingest.sources.registry import Source
from ingest.text import clean

TRANSLATION = re.compile(r"^([A-Za-z]{2,3}(?:_[A-Za-z]+)?(?:@[a-z]+)?)\.utf8=(.*)$")
SCRIPTS = {"latin": "Latn", "cyrillic": "Cyrl"}


class DemoSource(Source):
    """PNG images with their texts; folders are categories; SVG images are counted as skipped."""

    name: ClassVar[str] = "demo"
    accepts: ClassVar[str] = "`demo`"
    about: ClassVar[str] = "The demo corpus with its texts in every language. SVG images are skipped and counted."
    reads_path: ClassVar[bool] = False
    from_page: ClassVar[bool] = True

    @classmethod
    def opens(cls, address: str, path: Path | None) -> bool:
        """Only the name of the source."""
        return address == cls.name

    def items(self, only: Collection[str] | None = None) -> Iterator[Item | Refusal]:
        """Every image, in order of path."""
        from engine.demo_corpus import ensure  # noqa: PLC0415  (it downloads; only this source needs it)

        root = ensure(self.settings)
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() == ".svg":
                self.skipped += 1
            reference = str(path.relative_to(root))
            if path.suffix.lower() == ".png" and (only is None or reference in only):
                yield self._item(path, reference)

    def _item(self, path: Path, reference: str) -> Item | Refusal:
        try:
            original, _ = self.keep(path)
        except BadPicture as error:
            return Refusal(reference, error.reason, str(error))
        return Item(
            source=self.spec,
            reference=reference,
            collection=self.collection,
            original=original,
            snippets=(*texts_of(path.with_suffix(".txt")), *name_snippet(path.name)),
            category=category_of(reference),
            facets=subject_of(reference),
        )


def texts_of(path: Path) -> list[TextSnippet]:
    """The first line is English; each further one is `code.utf8=text`."""
    if not path.is_file():
        return []
    first, *lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    found = [("en", first), *(match.groups() for line in lines if (match := TRANSLATION.match(line)))]
    return [TextSnippet(Kind.CAPTION, clean(text), language_tag(code)) for code, text in found if clean(text)]


def language_tag(code: str) -> str:
    """The BCP 47 tag of a locale: `pt_BR` is `pt-BR`, `sr@latin` is `sr-Latn`."""
    code, _, script = code.partition("@")
    return "-".join(part for part in (code.replace("_", "-"), SCRIPTS.get(script, "")) if part)


def subject_of(reference: str) -> dict[str, str]:
    """The second folder, a kind of animal, plant or thing, as the facet `subject`."""
    folders = reference.split("/")[:-1]
    return {"subject": clean(folders[1])} if len(folders) > 1 else {}
