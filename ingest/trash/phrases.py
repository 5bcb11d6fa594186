"""What pages say beside any picture, in several languages: calls to action, names of nothing, notices, credits."""

import re
import unicodedata
from pathlib import Path

from ingest.metadata import UNTOLD

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
