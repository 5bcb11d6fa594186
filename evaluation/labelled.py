"""Labelled web sites: pages generated from templates that label every text with the pictures it is about.

Each folder of `evaluation/sites` holds `content.yaml` (the content of a site) and `page.html` (a Jinja template). A template
writes every text by `say(text, pictures)`, which is its label. A text that begins with `~why|` is about no picture.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader
from PIL import Image

from ingest.trash.phrases import plain

SITES = Path(__file__).with_name("sites")
REFERENCE = re.compile(r"""[\w./@-]+\.(?:jpg|png|gif|webp)""")
COPY = re.compile(r"(?:-\d+x\d+|@2x)$|^thumb_")
OTHER = "another picture"  # label of a text about another picture of the page
UNKNOWN = "not labelled"


@dataclass
class Labels:
    """The labels of a page's texts: the pictures that each is about, or why it is about none."""

    about: dict[str, set[str]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    def say(self, text: Any, pictures: Any = None) -> str:
        """Note the label of a text; return the text as the page shows it."""
        written = str(text).strip()
        why, bar, shown = written[1:].partition("|") if written.startswith("~") else ("", "", written)
        if bar:
            self.why.setdefault(plain(shown), why)
            return shown
        keys = [pictures] if isinstance(pictures, str) else list(pictures or ())
        self.about.setdefault(plain(shown), set()).update(keys)
        return shown

    def of(self, text: str, picture: str) -> str:
        """Empty if the text is about the picture; else why it is not, or `UNKNOWN`.

        A text made of several has the label of most of its letters.
        """
        asked = plain(text)
        if asked in self.about or asked in self.why:
            return self._of(asked, picture)
        votes: dict[str, int] = {}
        for known in (*self.about, *self.why):
            if known and (known in asked or asked in known):
                verdict = self._of(known, picture)
                votes[verdict] = votes.get(verdict, 0) + min(len(known), len(asked))
        return max(votes, key=lambda verdict: votes[verdict]) if votes else UNKNOWN

    def _of(self, known: str, picture: str) -> str:
        if picture in self.about.get(known, ()):
            return ""
        return self.why.get(known) or OTHER


@dataclass
class LabelledSite:
    """A site in a folder. `tuned`: rules were made from its mistakes; `queries`: words that ask for a picture."""

    name: str
    folder: Path
    language: str
    tuned: bool
    labels: dict[str, Labels]  # by the page's file
    queries: dict[str, str]  # by picture


def names() -> list[str]:
    """Names of all sites, sorted."""
    return sorted(path.parent.name for path in SITES.glob("*/content.yaml"))


def build(name: str, folder: Path, seed: int) -> LabelledSite:
    """Write the site's pages and pictures into the folder."""
    content: dict[str, Any] = yaml.safe_load((SITES / name / "content.yaml").read_text(encoding="utf-8"))
    # Nothing is escaped: content and templates are our own.
    template = Environment(loader=FileSystemLoader(SITES / name), autoescape=False).get_template("page.html")  # noqa: S701
    labels, pictures = {}, set[str]()
    for page in content["pages"]:
        labels[page["file"]] = Labels()
        keys = [one["key"] for part in ("pictures", "slides", "steps") for one in page.get(part, ())]
        keys += [post["picture"]["key"] for post in page.get("posts", ()) if post["picture"] != "none"]
        page["shown"] = keys + ([page["key"]] if "key" in page else [])
        text = template.render(content=content, page=page, say=labels[page["file"]].say)
        folder.joinpath(page["file"]).write_text(text, encoding="utf-8")
        pictures |= set(REFERENCE.findall(text))
    _draw(folder, sorted(pictures), seed)
    return LabelledSite(name, folder, content["language"], content["tuned"], labels, dict(_queries(content)))


def key_of(address: str) -> str:
    """The key of the picture that a file shows, the same for copies in other sizes."""
    return COPY.sub("", COPY.sub("", Path(address.partition("?")[0]).stem))


def _draw(folder: Path, references: Iterable[str], seed: int) -> None:
    """Draw a small picture for each file; copies in other sizes have the same pixels and become one document."""
    colours: dict[str, int] = {}
    for reference in references:
        if reference.startswith("//") or ("/" not in reference and reference.endswith(".html")):
            continue
        number = colours.setdefault(key_of(reference), seed * 1000 + len(colours))
        path = folder / reference.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (number % 256, number // 256 % 256, 99)).save(path, "PNG")


def _queries(content: Any) -> Iterable[tuple[str, str]]:
    """Pairs of a picture's key and its query, from any depth of the content."""
    if isinstance(content, list):
        for one in content:
            yield from _queries(one)
    if isinstance(content, dict):
        if "query" in content and "key" in content:
            yield content["key"], content["query"]
        for key, one in content.items():
            if isinstance(one, dict) and "query" in one and "key" not in one:
                yield key, one["query"]
            yield from _queries(one)
