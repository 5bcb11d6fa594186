"""Phrases of several languages that stand beside any image: calls to action, notices, credits, bylines."""

import re
import unicodedata
from pathlib import Path

from ingest.metadata import DEFAULT_TEXTS

# Calls to action, and words that only mean "image".
CALLS_FILE = Path(__file__).with_name("calls.txt")
CALL_PHRASES = frozenset(
    line for line in CALLS_FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
)
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
# A name after these words is the photographer's, not that of the subject.
CREDIT = re.compile(
    r"^(?:(?:photo|image|picture|foto|bild|фото|crédit|credit|photograph|imagen|fotografía|source|quelle|источник|fuente)s?\s*"
    r"(?:credits?|by|courtesy of|nachweis|von|de|par|por|©)?\s*[:/©]|©|\(c\)|copyright\b|photo(?:graph)? by|image by|"
    r"photo courtesy|foto von|photo de|foto de|crédits? photo|bildnachweis|fotocredit|автор фото)",
    re.IGNORECASE,
)
MAX_CREDIT_LENGTH = 80  # characters; a longer text contains something else as well
BYLINE = re.compile(
    r"^(?:(?:written|posted|published|geschrieben|veröffentlicht|опубликовано|publié|publicado|publicada|posté)\b|"
    r"(?:by|von|par|por|автор:?)\s+\S+(?:\s+\S+){0,3}\s*[|,·•–-]|"
    r"\d+\s+(?:comments?|kommentare?|комментари\w+|commentaires?|comentarios?|likes?|shares?|views?|replies|antworten|просмотр\w*|"
    r"min(?:utes?|uten)?\b|мин\b)|(?:re|aw):\s|"
    r"(?:joined|posts|registered|beiträge|dabei seit|registriert|сообщений|inscrit|messages|mensajes|registrado)\s*:)",
    re.IGNORECASE,
)
MAX_BYLINE_LENGTH = 120
EDGES = " \t\n.,:;!?…›»«<>→←↑↓▶►▸•·|/\\-–—+*#()[]{}'\"“”„"


def plain(text: str) -> str:
    """The text as phrases are compared: lower case, one blank between words, without arrows and punctuation at its ends."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().replace("’", "'").split()).strip(EDGES)


def is_call(text: str) -> bool:
    """Whether the text is only a call to action or a word for "image"."""
    phrase = plain(text)
    return phrase in CALL_PHRASES or bool(NUMBERED.match(phrase)) or _all_calls(text)


def is_notice(text: str) -> bool:
    """Whether the text is about cookies, rights, terms or newsletters."""
    return bool(NOTICE.search(text))


def is_credit(text: str) -> bool:
    """Whether the text only names who made the image."""
    return len(text) <= MAX_CREDIT_LENGTH and bool(CREDIT.match(text.strip()))


def is_byline(text: str) -> bool:
    """Whether the text names the page's author or date, or counts its comments."""
    return len(text) <= MAX_BYLINE_LENGTH and bool(BYLINE.match(text.strip()))


def is_default(text: str) -> bool:
    """Whether cameras write the text into every image."""
    return plain(text) in DEFAULT_TEXTS


def _all_calls(text: str) -> bool:
    """Several calls in a row: `Share | Tweet | Pin it`."""
    parts = [plain(part) for part in re.split(r"\s*[|·•/»›,]\s*|\s{2,}", text) if plain(part)]
    return len(parts) > 1 and all(part in CALL_PHRASES for part in parts)
