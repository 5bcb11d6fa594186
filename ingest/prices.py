"""Prices: numbers, and text as shops write it, parsed with price-parser. An ambiguous thousands separator is not guessed.

price-parser finds the amount in a text and converts it once the decimal mark is known; its own guess reads `1.299` and
`1299.500` as thousands, so the mark is decided here. A single mark before three digits (`1.299`, `12,500`) is ambiguous: the
currency decides where its amounts have three decimals or none, then the other prices of the same source (`decimal_mark`), or
the price is an AmbiguousPrice.
"""

import math
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from price_parser import parse_price

from engine.errors import InputError

Number = int | float | Decimal
MARKS = frozenset(".,")
OTHER_MARK = {".": ",", ",": "."}
AMBIGUOUS = "?"
SAME_MARKS = str.maketrans({"’": "'", "٬": "'", "٫": ".", "`": "'", "´": "'", "′": "'", "_": "'"})
BELOW_ZERO = re.compile(r"\D*[-\u2212](?=[^\s\d]{0,3}\d)")
EXPONENT = re.compile(r"\s*\d+(\.\d+)?[eE][+-]?\d+\s*")
NO_CENTS = re.compile(r"\d([.,])\s?[-\u2013\u2014]")  # 1.299,-
GROUPED = re.compile(r"\d{1,3}(?P<mark>[.,\s])(?:\d{2,3}(?P=mark))*\d{3}|\d+")  # thousands; lakhs have two digits
CENTS_ONLY = re.compile(r"(?<![\w.,]),(?=\d\d?(?!\d))")  # ,99
AFTER_LETTER = re.compile(r"(?<=[^\W\d_])\.(?=\s*\d)")  # Rs.499
LEFT_OVER = re.compile(r"(?<=\d)[.,]+(?!\S*\d)(?![-\u2013\u2014])|(?<=\d)[.,]+(?=\s+\D)")  # 9.99. and 12.50, incl. VAT
NOT_A_PRICE = re.compile(  # several pieces, a time of day, thousands as a letter
    r"\D*\d+(\s*[x×*]\s*\D?\d|\s+(for|für|pour|por|per|voor)\s+\D{0,3}\d|:\d\d|[\d.,]*[kK]\b)", re.IGNORECASE
)
# Minor units of ISO 4217, by code and usual sign.
THREE_DECIMALS = frozenset(("kwd", "kd", "bhd", "bd", "omr", "jod", "jd", "tnd", "dt", "lyd", "ld", "iqd"))
NO_DECIMALS = frozenset(
    (
        "jpy",
        "¥",
        "円",
        "krw",
        "₩",
        "원",
        "vnd",
        "₫",
        "đ",
        "clp",
        "pyg",
        "₲",
        "isk",
        "ugx",
        "xaf",
        "xof",
        "xpf",
        "fcfa",
        "idr",
        "rp",
    )
)
CURRENCY = re.compile(r"[^\W\d_]+|[¥₩₫₲]")
MAX_SHOWN = 80  # characters of a text in error messages


class BadPrice(InputError):
    """A value that is not an amount of money."""


class AmbiguousPrice(BadPrice):
    """A text with two possible amounts, one a thousand times the other."""


def price_of(value: Any, decimal: str = "") -> float:
    """The amount of a number, or of a text like `1 299,50 €`, `$1,299.50`, `1.299,-` or `free`; without its currency.

    `decimal` is the decimal mark of the source, `.` or `,`, or empty if unknown; it is used only for ambiguous text.
    AmbiguousPrice, BadPrice.
    """
    if isinstance(value, Number) and not isinstance(value, bool):
        return _checked(float(value), value)
    text = _normal(str(value))
    if EXPONENT.fullmatch(text):
        return _checked(float(text), value)
    if BELOW_ZERO.match(text):
        raise BadPrice(f"price {text[:MAX_SHOWN]!r} is below zero")
    amount = _amount(text)
    mark = _mark(amount, text)
    decimal = _currency_mark(text, amount) or decimal
    if mark == AMBIGUOUS and not decimal:
        raise AmbiguousPrice(f"price {text[:MAX_SHOWN]!r} may have a decimal mark or a mark of thousands")
    found = parse_price(amount, decimal_separator=(decimal if mark == AMBIGUOUS else mark) or ".").amount_float
    if found is None:
        raise BadPrice(f"price {text[:MAX_SHOWN]!r} is not a number")
    return _checked(found, value)


def decimal_mark(values: Iterable[Any]) -> str:
    """The decimal mark that all unambiguous prices of a source agree on; empty without one."""
    found = {mark for value in values if isinstance(value, str) and (mark := _unambiguous_mark(value)) in MARKS}
    return found.pop() if len(found) == 1 else ""


def _unambiguous_mark(text: str) -> str:
    """The decimal mark of one text; empty if it has none or is not a price, AMBIGUOUS if that is open."""
    text = _normal(text)
    try:
        return _mark(_amount(text), text)
    except BadPrice:
        return ""


def _normal(text: str) -> str:
    """The text with ASCII digits, one apostrophe as a mark of thousands, and without marks that end a sentence."""
    text = unicodedata.normalize("NFKC", text.translate(SAME_MARKS))
    return CENTS_ONLY.sub("0,", LEFT_OVER.sub("", AFTER_LETTER.sub(" ", text)))


def _currency_mark(text: str, amount: str) -> str:
    """The decimal mark of an amount with one mark before three digits, if its currency has three decimals or none."""
    words = {word.casefold() for word in CURRENCY.findall(text)}
    mark = next((letter for letter in amount if letter in MARKS), "")
    if not mark or not words & (THREE_DECIMALS | NO_DECIMALS):
        return ""
    return mark if words & THREE_DECIMALS else OTHER_MARK[mark]


def _amount(text: str) -> str:
    """The digits and marks of the first amount in the text; BadPrice without one."""
    amount = None if NOT_A_PRICE.match(text) else parse_price(text).amount_text
    if amount is None:
        raise BadPrice(f"price {text[:MAX_SHOWN]!r} is not a number")
    return amount


def _mark(amount: str, text: str) -> str:
    """The decimal mark: `.`, `,`, `€`, empty without one, or AMBIGUOUS; BadPrice if the marks form no number."""
    if "€" in amount:  # 35€99
        return "€"
    if whole_amount := NO_CENTS.search(text):
        return whole_amount.group(1)
    marks = [letter for letter in amount if letter in MARKS]
    if len(set(marks)) > 1:
        decimal = marks[-1]
    elif len(marks) == 1:
        decimal = AMBIGUOUS if _may_be_thousands(amount, marks[0]) else marks[0]
    else:
        decimal = OTHER_MARK[marks[0]] if marks else ""
    whole = amount if decimal == AMBIGUOUS else amount.rpartition(decimal)[0] if decimal in marks else amount
    _check_groups(whole, text)
    return decimal


def _may_be_thousands(amount: str, mark: str) -> bool:
    """Whether three digits follow the only mark, and one to three digits precede it, the first not a zero."""
    whole, _, rest = amount.partition(mark)
    return len(rest) == 3 and 0 < len(whole) <= 3 and whole[0] != "0"  # noqa: PLR2004  (a group has three digits)


def _check_groups(whole: str, text: str) -> None:
    """BadPrice if the digits before the decimal mark are not valid groups of thousands: `1.2.3`, two prices in one text."""
    split_by_apostrophe = re.search(r"\d'\d", text) and not re.search(r"(?<!\d)\d{1,3}('\d{3})+(?!\d)", text)
    if (whole and not GROUPED.fullmatch(whole)) or split_by_apostrophe:
        raise BadPrice(f"price {text[:MAX_SHOWN]!r} is not one number")


def _checked(amount: float, value: Any) -> float:
    if not math.isfinite(amount) or amount < 0:
        raise BadPrice(f"price {str(value)[:MAX_SHOWN]!r} is not an amount")
    return amount
