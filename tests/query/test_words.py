"""The language of words: what is required, forbidden, a filter, or plain text."""

import json
import unicodedata

import pytest

from engine.errors import BadQuestion
from factors.text import Term, Words
from query.request import MAX_QUERY_WORDS, Parsed, limit_words, parse_words


def plain(*texts: str) -> tuple[Term, ...]:
    return tuple(Term(text) for text in texts)


def phrase(text: str) -> Term:
    return Term(text, phrase=True)


def test_the_whole_language_at_once() -> None:
    assert parse_words('cat "old town" +red -dog category:pets -colour:blue size:"very large"') == Parsed(
        Words(plain("cat"), (phrase("old town"), Term("red")), plain("dog")),
        {"category": ["pets"], "size": ["very large"]},
        {"colour": ["blue"]},
    )


@pytest.mark.parametrize("text", ["", "   ", "\n\t", '""', '" "', "+ - : ! ...", "+", "-", '+""', '-"', "~*?"])
def test_nothing_to_look_for(text: str) -> None:
    found = parse_words(text)
    assert found == Parsed() and not found.words


@pytest.mark.parametrize(
    ("text", "must", "must_not"),
    [
        ('"old town"', (phrase("old town"),), ()),
        ('+"old town"', (phrase("old town"),), ()),
        ('-"old town"', (), (phrase("old town"),)),
        ('"town"', plain("town"), ()),
        ("+red +green", plain("red", "green"), ()),
        ("+red -red", plain("red"), plain("red")),
        ("“old town”", (phrase("old town"),), ()),
        ("«old town» „new”", (phrase("old town"), Term("new")), ()),
    ],
)
def test_required_and_forbidden(text: str, must: tuple[Term, ...], must_not: tuple[Term, ...]) -> None:
    assert parse_words(text).words == Words((), must, must_not)


def test_a_quote_that_is_never_closed_ends_with_the_text() -> None:
    assert parse_words('cat "old town').words == Words(plain("cat"), (phrase("old town"),))
    assert parse_words('colour:"dark red').filters == {"colour": ["dark red"]}
    assert parse_words('cat "').words == Words(plain("cat"))


def test_signs_within_words_are_letters_of_them() -> None:
    assert parse_words("well-known C++ 10-20 e-mail").words.should == plain("well-known", "C++", "10-20", "e-mail")


@pytest.mark.parametrize(
    ("text", "should", "must"),
    [
        ('27" monitor', plain("27", "monitor"), ()),
        ('monitor 27" 4k', plain("monitor", "27", "4k"), ()),
        ('"27 inch" 5"', plain("5"), (phrase("27 inch"),)),
        ('"model 27" black', plain("black"), (phrase("model 27"),)),
        ('3.5"x5"', plain("3.5x5"), ()),
    ],
)
def test_inch_marks_behind_numbers_quote_nothing(text: str, should: tuple[Term, ...], must: tuple[Term, ...]) -> None:
    assert parse_words(text).words == Words(should, must)


def test_letters_are_compared_in_their_usual_form() -> None:
    assert parse_words("cafe\u0301").words == parse_words("café").words
    assert parse_words("ＸＧＲ５３５").words == parse_words("XGR535").words
    assert parse_words("category:Ku\u0308che").filters == {"category": ["Küche"]}


def test_text_without_blanks_is_cut_by_its_letters() -> None:
    paragraph = "木製の丸いテーブルと四脚の椅子。" * 20
    limited, dropped = limit_words(parse_words(paragraph).words)
    kept = limited.text.replace(" ", "")
    assert dropped and paragraph.replace("。", "").startswith(kept) and MAX_QUERY_WORDS < len(kept) <= 2 * MAX_QUERY_WORDS
    short = parse_words("赤い椅子 テーブル").words
    assert limit_words(short) == (short, False)
    mixed, dropped = limit_words(parse_words("iPhone手机壳" * 20).words)
    assert dropped and mixed.text.startswith("iPhone手机壳iPhone")


def test_a_word_counts_once() -> None:
    assert parse_words("red red Red +cat +cat").words == Words(plain("red", "Red"), plain("cat"))


@pytest.mark.parametrize(
    "text",
    ["16:9", "https://example.com/a:b", "ftp://x", ":red", "::", "12:30"],
)
def test_colons_that_are_no_filter(text: str) -> None:
    found = parse_words(text)
    assert not found.filters and not found.excluded
    assert found.words.text == (text if any(c.isalnum() for c in text) else "")


def test_a_colon_with_nothing_behind_it_is_plain_text() -> None:
    assert parse_words("Title: x").words.should == plain("Title:", "x")
    assert not parse_words("Title: x").filters
    assert parse_words('Title:"" x').filters == {}


def test_quotes_make_a_colon_plain() -> None:
    assert parse_words('"colour:red"').words.must == plain("colour:red")
    assert parse_words('"colour:red cat"').words.must == (phrase("colour:red cat"),)


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("Category:Pets", {"category": ["Pets"]}),
        ("+category:pets", {"category": ["pets"]}),
        ("colour:red colour:blue", {"colour": ["red", "blue"]}),
        ("date:2024-05..2025", {"date": ["2024-05..2025"]}),
        ("time:12:30", {"time": ["12:30"]}),
        ("page:https://example.com/x", {"page": ["https://example.com/x"]}),
        ("facet.brand:acme", {"facet.brand": ["acme"]}),
        ("цвет:красный", {"цвет": ["красный"]}),
        ("price:-5..5", {"price": ["-5..5"]}),
    ],
)
def test_filters(text: str, filters: dict[str, list[str]]) -> None:
    assert parse_words(text) == Parsed(Words(), filters)


def test_names_are_checked_and_plain_text_is_not() -> None:
    asked: list[str] = []
    parse_words('cat 16:9 "a:b" Colour:red -size:large Title: x http://a.b', asked.append)
    assert asked == ["colour", "size"]

    def refuse(name: str) -> None:
        raise BadQuestion(f"there is no filter {name!r}")

    with pytest.raises(BadQuestion, match="'shape'"):
        parse_words("cat shape:round", refuse)


@pytest.mark.parametrize(
    "text", ["red\ud800cat", "red\x00cat", "red\ue000cat", "red\u2028cat", "red\u2029cat", "red\udc80\ncat"]
)
def test_what_cannot_be_sent_is_a_blank(text: str) -> None:
    assert parse_words(text).words.should == plain("red", "cat")


@pytest.mark.parametrize("text", ["кот", "кошка собака", "猫", "東京 タワー", "قطة", "🐈 cat", "naïve café", "e\u0301te\u0301"])
def test_every_script_has_words(text: str) -> None:
    assert parse_words(text).words.text == unicodedata.normalize(
        "NFC", " ".join(word for word in text.split() if any(c.isalnum() for c in word))
    )


@pytest.mark.parametrize(
    "text",
    [
        '"' * 999,
        "+-" * 500,
        ":" * 999,
        'a:"' * 300,
        "-a:" * 300,
        "\ud800" * 50,
        "".join(chr(c) for c in range(0x600)),
        "((a+)+)$ {x:1} [y] \\ / <b>",
        'x:"y"z:"w"',
        "a" * 10_000,
        "a:" * 5_000,
        '\\"x\\" AND y OR NOT z',
    ],
)
def test_whatever_the_text_nothing_is_raised_and_all_of_it_can_be_sent(text: str) -> None:
    found = parse_words(text)
    for term in (*found.words.should, *found.words.must, *found.words.must_not):
        assert term.text.strip() == term.text != ""
    for value in [v for values in (found.filters | found.excluded).values() for v in values]:
        assert value.strip() == value != ""
    json.dumps([found.words.text, found.filters, found.excluded], ensure_ascii=False).encode()
