"""Scripts: which letters the configured languages are written with."""

import unicodedata
from functools import lru_cache

# Tesseract's names of languages by what they are written with, which is called by the first word of Unicode's names of letters.
LANGUAGES = {
    (
        "LATIN",
    ): """afr aze bre cat ceb ces cos cym dan deu eng epo est eus fao fil fin fra frk frm fry gla gle glg hat hrv hun ind
        isl ita jav lat lav lit ltz mlt mri msa nld nor oci pol por que ron slk slv spa sqi srp_latn sun swa swe ton tur uzb vie
        yor""",
    ("CYRILLIC",): "bel bul kaz kir mkd mon rus srp tgk tat ukr uzb_cyrl",
    ("GREEK",): "ell grc",
    ("ARABIC",): "ara fas pus snd uig urd kur_ara",
    ("HEBREW",): "heb yid",
    ("DEVANAGARI",): "hin mar nep san",
    ("BENGALI",): "ben asm",
    ("CJK",): "chi_sim chi_tra chi_sim_vert chi_tra_vert",
    ("CJK", "HIRAGANA", "KATAKANA"): "jpn jpn_vert",
    ("HANGUL", "CJK"): "kor kor_vert",
    ("ETHIOPIC",): "amh tir",
    ("THAI",): "tha",
    ("GEORGIAN",): "kat kat_old",
    ("ARMENIAN",): "hye",
    ("TAMIL",): "tam",
    ("TELUGU",): "tel",
    ("KANNADA",): "kan",
    ("MALAYALAM",): "mal",
    ("GUJARATI",): "guj",
    ("GURMUKHI",): "pan",
    ("SINHALA",): "sin",
    ("KHMER",): "khm",
    ("LAO",): "lao",
    ("MYANMAR",): "mya",
    ("TIBETAN",): "bod dzo",
}
SCRIPTS = {language: scripts for scripts, names in LANGUAGES.items() for language in names.split()}
LATIN = ("LATIN",)


@lru_cache(maxsize=1 << 16)
def script(character: str) -> str:
    """The script of a letter, `LATIN` or `CYRILLIC`; empty for digits and marks, which belong to all."""
    return unicodedata.name(character, "").split(" ", maxsplit=1)[0].split("-")[0] if character.isalpha() else ""


def scripts_of(languages: str) -> frozenset[str]:
    """The scripts of languages joined by `+`; Latin letters stand in texts of all of them."""
    return frozenset(LATIN).union(*(SCRIPTS.get(language, LATIN) for language in languages.split("+")))


def readable(languages: str, scripts: frozenset[str]) -> bool:
    """Whether all of these languages are known here, and written with these scripts."""
    return all(language in SCRIPTS and scripts.issuperset(SCRIPTS[language]) for language in languages.split("+"))


def is_mostly(text: str, scripts: frozenset[str]) -> bool:
    """Whether at least half of its letters are of these scripts."""
    letters = [script(c) for c in text if script(c)]
    return bool(letters) and 2 * sum(name in scripts for name in letters) >= len(letters)
