"""Prices as shops and feeds write them; none is read as a hundred or a thousand times its amount."""

import json
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings import Settings
from ingest.item import Item, facts_of
from ingest.prices import AmbiguousPrice, BadPrice, decimal_mark, price_of
from ingest.sources.feed import FeedSource
from tests.ingest.pictures import png

WRITTEN = {
    "1,299.00": 1299, "1.299,00": 1299, "1 299,00": 1299, "1\u00a0299,00 €": 1299, "1\u202f299,5": 1299.5, "1'299.00": 1299,
    "CHF 1’299.-": 1299, "1.299,- €": 1299, "$1,299.50": 1299.5, "1299.5": 1299.5, "1299": 1299, "12,5": 12.5, "12,50 €": 12.5,
    "€ 0.999": 0.999, "0,999": 0.999, ".75": 0.75, "1.299.000": 1299000, "1,299,000.5": 1299000.5, "1.299.000,50": 1299000.5,
    "1,29,999.00": 129999, "1299.500": 1299.5, "12345,678": 12345.678, "1.299,000": 1299, "35€ 99": 35.99, "1 299": 1299,
    "1.2345": 1.2345, "USD 15": 15, "15 руб.": 15, "1e+05": 100000, "free": 0, "from 10 to 20": 10, "12.": 12,
    "12.50, incl. VAT": 12.5, "9.99.": 9.99, "12.990 KD": 12.99, "KWD 3.500": 3.5, "¥1,299": 1299, "Rp 12.500": 12500,
    "199.000₫": 199000, "12,500円": 12500, "Rs.499": 499, ",99": 0.99, "1`299.50": 1299.5, "1´299.50": 1299.5,
    "1_299.50": 1299.5, "１２．５０": 12.5, "١٢٫٥٠": 12.5, "12.50 USD": 12.5, "19% off: 12.99": 12.99,
    "2,499.99 or 3 x 833.33": 2499.99,
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_a_text_that_leaves_no_doubt_is_its_amount_whatever_the_source_does(text: str) -> None:
    for decimal in ("", ".", ","):
        assert price_of(text, decimal) == pytest.approx(WRITTEN[text])


@pytest.mark.parametrize("text", ["1.299", "12,500", "€ 1,299", "999.999 USD"])
def test_one_mark_before_three_digits_is_decided_by_the_source_or_not_at_all(text: str) -> None:
    with pytest.raises(AmbiguousPrice, match="may have a decimal mark or a mark of thousands"):
        price_of(text)
    by_mark = {decimal: price_of(text, decimal) for decimal in ".,"}
    assert sorted(by_mark.values())[1] == pytest.approx(1000 * sorted(by_mark.values())[0])
    assert by_mark["." if "." in text else ","] < 1000


@pytest.mark.parametrize(
    "wrong",
    ["cheap", "", "-5", "-$5", "$-5", "\u22125", "EUR -1.299,00", "1.2.3", "12,99 9,99", "12 50", "12'50", "1.5,299.00", "50%",
     "2 x 12.50", "3 for 10.00", "12:50", "12.5k",
     True, float("inf"), -1, Decimal("-0.5")],
)  # fmt: skip
def test_what_is_no_amount_is_refused(wrong: Any) -> None:
    with pytest.raises(BadPrice, match="price"):
        price_of(wrong)


@given(st.one_of(st.integers(0, 10**12), st.floats(0, 1e12), st.decimals(0, 10**9, places=4)))
def test_a_number_is_that_number(number: Any) -> None:
    assert price_of(number) == float(number) == facts_of({"price": number})["price"]


@given(cents=st.integers(0, 10**11), style=st.sampled_from([",.", ".,", " ,", "'.", "\u00a0,", " ."]))
def test_an_amount_with_cents_survives_every_way_of_writing_it(cents: int, style: str) -> None:
    group, decimal = style[0], style[1]
    text = f"{cents // 100:,}".replace(",", group) + f"{decimal}{cents % 100:02d}"
    assert price_of(text) == pytest.approx(cents / 100) and price_of(f"{text} €") == pytest.approx(cents / 100)
    assert decimal_mark([text, "1.299", "cheap", None, 3.5]) == decimal


def test_contradicting_or_ambiguous_prices_decide_no_mark() -> None:
    assert decimal_mark(["12.50", "12,50"]) == decimal_mark(["1.299", "15", "free", 1.5, None]) == decimal_mark([]) == ""
    assert decimal_mark(["1.299.000"]) == ","


def rows(path: Path, settings: Settings) -> list[Item]:
    (path.parent / "a.png").write_bytes(png(1))
    found = list(FeedSource(str(path), "feed", settings).items())
    assert all(isinstance(item, Item) for item in found), found
    return [item for item in found if isinstance(item, Item)]


@pytest.mark.parametrize(("other", "price"), [("12.50", 1.299), ("12,50", 1299.0)])
def test_the_other_rows_of_a_feed_say_what_an_ambiguous_price_is(
    other: str, price: float, tmp_path: Path, settings: Settings
) -> None:
    feed = tmp_path / "feed.tsv"
    feed.write_text(f"image\tprice\na.png\t1.299\na.png\t{other}\n")
    assert [item.price for item in rows(feed, settings)] == [price, 12.5]


def test_a_row_far_down_decides_what_the_first_ones_are(tmp_path: Path, settings: Settings) -> None:
    feed = tmp_path / "feed.tsv"
    feed.write_text("image\tprice\n" + "a.png\t1.299\n" * 3000 + "a.png\t12,50\n")
    assert {item.price for item in rows(feed, settings)} == {1299.0, 12.5}


def test_a_price_that_nothing_decides_is_kept_as_text(
    tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text("\n".join(json.dumps({"image": "a.png", "price": price}) for price in ("1.299", 1.299, 15, None)))
    with caplog.at_level(logging.INFO):
        items = rows(feed, settings)
    assert [item.price for item in items] == [None, 1.299, 15.0, None]
    assert [item.facets for item in items] == [{"price": "1.299"}, {}, {}, {}]
    assert "'1.299' may have a decimal mark or a mark of thousands; kept as a facet" in caplog.text
