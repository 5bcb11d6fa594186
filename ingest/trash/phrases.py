"""What pages say beside any picture: phrases of several languages, and what one site repeats."""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from ingest.metadata import UNTOLD
from ingest.web.extracted import ExtractedText

# What a reader is asked to do, or what stands for "there is a picture here".
CALLS = Path(__file__).with_name("calls.txt")
KNOWN = frozenset(line for line in CALLS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
# "photo 3 of 12", "Bild 4", "slide 2", "product image 1"
NUMBERED = re.compile(
    r"^(?:(?:product|main|gallery|header|hero|featured|produkt|vorschau)[ -]?)?"
    r"(?:image|photo|picture|pic|slide|thumbnail|thumb|figure|fig|page|bild|foto|abb|abbildung|seite|изображение|фото|картинка|"
    r"рис|рисунок|слайд|imagen|imagem|immagine|zdjęcie|afbeelding|vue|img|view)"
    r"\s*(?:n[o°]|nr|№|#)?\s*\d+(?:\s*(?:of|von|из|de|sur|di|van|z)\s*\d+)?$"
)
NOTICE = re.compile(
    r"\bcookies?\b.*\b(?:use|accept|consent|experience|settings|policy|site|website|verwenden|nutzen|zustimm|akzept|"
    r"einverstanden|utilis|usamos|utiliza|acepta|consentimiento|navegación)|"
    r"\b(?:use|uses|using|verwenden|nutzen|utilisons|utilise|usamos|utilizamos|используем|использует)\b.{0,40}\bcookies?\b|"
    r"файл\w* cookie|cookie-файл|"
    r"all rights reserved|alle rechte vorbehalten|все права защищены|tous droits réservés|todos los derechos reservados|"
    r"privacy policy|datenschutz(?:erklärung)?|политик\w+ конфиденциальности|"
    r"politique de confidentialité|política de privacidad|"
    r"terms (?:of|and) (?:use|service|conditions)|inkl\.? .{0,12}mwst|zzgl\.? .{0,8}versand|"
    r"subscribe to our newsletter|newsletter abonnieren|подпишитесь на|abonnez-vous|inscrivez-vous|suscríbete|"
    r"javascript (?:is|must be|needs)|enable javascript",
    re.IGNORECASE,
)
# A name behind these words is that of who took the picture, not of what it shows.
CREDIT = re.compile(
    r"^(?:(?:photo|image|picture|foto|bild|фото|crédit|credit|photograph|imagen|fotografía|source|quelle|источник|fuente)s?\s*"
    r"(?:credits?|by|courtesy of|nachweis|von|de|par|por|©)?\s*[:/©]|©|\(c\)|copyright\b|photo(?:graph)? by|image by|"
    r"photo courtesy|foto von|photo de|foto de|crédits? photo|bildnachweis|fotocredit|автор фото)",
    re.IGNORECASE,
)
LONGEST_CREDIT = 80  # characters; more says something else, too
BYLINE = re.compile(
    r"^(?:(?:written|posted|published|geschrieben|veröffentlicht|опубликовано|publié|publicado|publicada|posté)\b|"
    r"(?:by|von|par|por|автор:?)\s+\S+(?:\s+\S+){0,3}\s*[|,·•–-]|"
    r"\d+\s+(?:comments?|kommentare?|комментари\w+|commentaires?|comentarios?|likes?|shares?|views?|replies|antworten|просмотр\w*|"
    r"min(?:utes?|uten)?\b|мин\b)|(?:re|aw):\s|"
    r"(?:joined|posts|registered|beiträge|dabei seit|registriert|сообщений|inscrit|messages|mensajes|registrado)\s*:)",
    re.IGNORECASE,
)
LONGEST_BYLINE = 120
EDGES = " \t\n.,:;!?…›»«<>→←↑↓▶►▸•·|/\\-–—+*#()[]{}'\"“”„"


def plain(text: str) -> str:
    """As phrases are compared: small letters, one blank between words, no arrows and stops context."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().replace("’", "'").split()).strip(EDGES)


def is_call(text: str) -> bool:
    """Whether it is nothing but a call to action or a word for "picture"."""
    said = plain(text)
    return said in KNOWN or bool(NUMBERED.match(said)) or _all_calls(text)


def is_notice(text: str) -> bool:
    """Cookies, rights, terms, newsletters."""
    return bool(NOTICE.search(text))


def is_credit(text: str) -> bool:
    """Who made the picture, and nothing else."""
    return len(text) <= LONGEST_CREDIT and bool(CREDIT.match(text.strip()))


def is_byline(text: str) -> bool:
    """Who wrote the page and when, how many commented."""
    return len(text) <= LONGEST_BYLINE and bool(BYLINE.match(text.strip()))


def is_default(text: str) -> bool:
    """What cameras write into every picture."""
    return plain(text) in UNTOLD


def _all_calls(text: str) -> bool:
    """Several calls in a row: `Share | Tweet | Pin it`."""
    parts = [plain(part) for part in re.split(r"\s*[|·•/»›,]\s*|\s{2,}", text) if plain(part)]
    return len(parts) > 1 and all(part in KNOWN for part in parts)


MOST = 1_000_000  # texts and pictures that are counted at the same time: some 300 MB
REMEMBERED = 3  # pictures that are remembered for each text, with the pages on which it is said of them


class _Count(NamedTuple):
    """Pages that say a text (or show a picture), how many more there may have been, and the pictures it is said of most."""

    pages: int = 0
    missing: int = 0
    pictures: tuple[tuple[bytes, int], ...] = ()


class Repeats:
    """Pages that say a text, and pages that show a picture, by site. A title and a caption of the same words are two texts."""

    def __init__(self, most: int = MOST) -> None:
        """`most` bounds the table."""
        self._most, self._floor = most, 0
        self._pages: dict[str, int] = {}
        self._counts: dict[bytes, _Count] = {}

    def add(self, site: str, said: Iterable[tuple[ExtractedText, str]]) -> None:
        """One page of the site: the texts that it says, each with the picture that it says it of."""
        self._pages[site] = self._pages.get(site, 0) + 1
        found: dict[bytes, dict[bytes, None]] = {}
        for extracted, picture in said:
            shown = _key(site, "shown", picture)
            found.setdefault(_key(site, extracted.kind, plain(extracted.text)), {})[shown] = None
            found.setdefault(shown, {})
        for key, pictures in found.items():
            known = self._counts.get(key) or _Count(missing=self._floor)
            self._counts[key] = known._replace(pages=known.pages + 1, pictures=_most_of(known.pictures, pictures))
        if len(self._counts) > self._most:
            self._forget()

    def pages(self, site: str) -> int:
        """Pages of the site."""
        return self._pages.get(site, 0)

    def of_text(self, site: str, extracted: ExtractedText, picture: str) -> tuple[int, int]:
        """Pages that say it, and pages that say it of this picture, where that is one of those that it is said of most."""
        count = self._counts.get(_key(site, extracted.kind, plain(extracted.text)), _Count())
        return count.pages, dict(count.pictures).get(_key(site, "shown", picture), 0)

    def of_picture(self, site: str, picture: str) -> int:
        """Pages that show it."""
        return self._counts.get(_key(site, "shown", picture), _Count()).pages

    def _forget(self) -> None:
        """Drop what was met least until half of the table is free."""
        while len(self._counts) > self._most // 2:
            self._floor += 1
            self._counts = {key: one for key, one in self._counts.items() if one.pages + one.missing > self._floor}


def _most_of(known: tuple[tuple[bytes, int], ...], shown: Iterable[bytes]) -> tuple[tuple[bytes, int], ...]:
    """Heavy hitters (Misra and Gries, 1982): one that a text is mostly said of is always among them."""
    counts = dict(known)
    for picture in shown:
        if picture in counts or len(counts) < REMEMBERED:
            counts[picture] = counts.get(picture, 0) + 1
        else:
            counts = {key: count - 1 for key, count in counts.items() if count > 1}
    return tuple(counts.items())


def _key(site: str, what: str, text: str) -> bytes:
    return blake2b("\0".join((site, what, text)).encode("utf-8", "replace"), digest_size=8).digest()
