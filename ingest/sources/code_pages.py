"""Guessing the code page of a text: bytes beyond ASCII must be letters of a language that is written in that code page.

A wrong code page shows letters as symbols (`krzes³o`), or as letters that no single language has together (`døevìné`). A code
page is scored by the share of characters beyond ASCII that belong to the alphabet of one of its languages, or of two, because a
feed may name things in two languages. Alphabets are main exemplar characters of Unicode CLDR, without ASCII.
"""

from collections import Counter
from itertools import combinations

WESTERN = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü¡¿ºª", "àèéìíîòóù", "áâãàçéêíóôõú", "äåöé", "æøåé", "éèëïóöü", "àçéèíïóòúü·",
)  # fmt: skip  # German, French, Spanish, Italian, Portuguese, Swedish and Finnish, Danish and Norwegian, Dutch, Catalan
CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž",
)  # fmt: skip  # Polish, Czech, Slovak, Hungarian, Romanian, Croatian and Slovenian
TURKISH, BALTIC, ICELANDIC = ("çğıöşüâîûi̇",), ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"), ("áðéíóúýþæö",)
# In order of preference where scores are equal: Windows, then DOS and Macintosh, which Excel still offers.
CODE_PAGES = (
    ("cp1252", WESTERN),
    ("cp1250", CENTRAL),
    ("cp1254", TURKISH),
    ("cp1257", BALTIC),
    ("cp1252", ICELANDIC),
    ("cp850", WESTERN),
    ("cp852", CENTRAL),
    ("mac_roman", WESTERN),
    ("mac_latin2", CENTRAL),
)
# Hebrew and Arabic: the letters, and the frequent ones. Other scripts have the same bytes, but not as often.
OWN_SCRIPTS = (
    ("cp1255", frozenset("אבגדהוזחטיךכלםמןנסעףפץצקרשת"), frozenset("יוהלאתרשנמ")),
    ("cp1256", frozenset("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگک"), frozenset("الينمورتهب")),
)
MIN_LETTERS, ALL, MANY = 10, 0.95, 0.4  # letters beyond ASCII, and shares of them
SIGNS = frozenset("\u00a0–—”»›…•€£¥¢§©®™°±²³µ¼½¾×÷´·†‡")  # of every language, but not before a letter
OPENING = frozenset("\u00a0–—‘’‚“”„«»‹›¡¿•")  # of every language, before a letter, too
LOW = frozenset("‚„")  # ... but not behind one
FEW = 12  # characters beyond ASCII, which may be those of a name in another Western language
ENOUGH = 0.8  # the lowest score of a code page other than Windows-1252
MARGIN = 0.05  # by which the score of a pair of languages, or of another code page, must be higher


def latin_code_page(sample: bytes) -> str:
    """The code page of a text in Latin script; Windows-1252 where nothing fits better."""
    decoded = _decoded(sample)
    few = decoded[:1] if decoded[0][2].total() < FEW else []
    best, found = ENOUGH - MARGIN, CODE_PAGES[0][0]
    for number, some in ((2, few), (1, decoded), (2, decoded)):
        for codec, languages, counted in some:
            score = max((_share(counted, "".join(several)) for several in combinations(languages, number)), default=0.0)
            if score > best + MARGIN:
                best, found = score, codec
    return found


def one_language_code_page(sample: bytes) -> str:
    """The code page in which all letters are those of one language in Latin script; empty without one."""
    for codec, languages, counted in _decoded(sample):
        if counted.total() >= MIN_LETTERS and any(_share(counted, one) >= ALL for one in languages):
            return codec
    return ""


def _decoded(sample: bytes) -> list[tuple[str, tuple[str, ...], Counter[str]]]:
    """Code pages with their languages, and the characters beyond ASCII of the text in that code page."""
    return [(codec, languages, _beyond_ascii(sample.decode(codec, "replace"))) for codec, languages in CODE_PAGES]


def own_script_code_page(sample: bytes) -> str:
    """The code page of a text in Hebrew or Arabic script; empty if it is in neither."""
    for codec, alphabet, common in OWN_SCRIPTS:
        letters = [letter for letter in sample.decode(codec, "replace") if not letter.isascii()]
        known, often = (sum(letter in some for letter in letters) for some in (alphabet, common))
        if len(letters) >= MIN_LETTERS and known >= ALL * len(letters) and often >= MANY * len(letters):
            return codec
    return ""


def _beyond_ascii(text: str) -> Counter[str]:
    """Characters beyond ASCII: letters in lower case, a space for a sign in its place, U+FFFD for what no text has there."""
    found: Counter[str] = Counter()
    for before, letter, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if not letter.isascii():
            found[_counted(before, letter, after)] += 1
    return found


def _counted(before: str, letter: str, after: str) -> str:
    if (letter in OPENING and not (letter in LOW and before.isalpha())) or (letter in SIGNS and not after.isalpha()):
        return " "
    return "\ufffd" if letter.isupper() and before.islower() else letter.lower()


def _share(counted: Counter[str], alphabet: str) -> float:
    """The share of characters that are signs or in the alphabet."""
    total = counted.total()
    return sum(times for letter, times in counted.items() if letter in alphabet or letter == " ") / total if total else 0.0
