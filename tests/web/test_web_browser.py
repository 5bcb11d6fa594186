"""What people do, in headless Chromium, on doubles: keys, drawing, dropping, pasting, no scripts, small screens."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from pydantic import SecretStr

from ingest.jobs import Progress
from tests.web.web_doubles import NOW, FakeIngest, FakeSearcher, picture_bytes, sha

pytestmark = pytest.mark.browser
Make = Callable[..., Flask]
QUESTION = f"/search?like={sha(0)}&text=red"


@pytest.fixture()
def searcher() -> FakeSearcher:
    return FakeSearcher()


@pytest.fixture()
def address(make_app: Make, serve: Callable[[Flask], str], searcher: FakeSearcher) -> str:
    return serve(make_app({"searcher": searcher}))


def question(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def a_file(seed: int = 2) -> dict[str, Any]:
    return {"name": "a.png", "mimeType": "image/png", "buffer": picture_bytes(seed)}


def test_words_are_searched_from_the_front_page(open_page: Any, address: str, searcher: FakeSearcher) -> None:
    page = open_page(address)
    page.keyboard.press("/")
    page.keyboard.type("red bird")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?**")
    assert searcher.asked[-1].text == "red bird"
    assert page.get_by_role("heading", name="72 results for “red bird”").is_visible()


def test_a_chosen_picture_is_searched_at_once(open_page: Any, address: str, searcher: FakeSearcher) -> None:
    page = open_page(address)
    page.get_by_role("button", name="Search with a picture").click()
    page.locator("[data-file]").set_input_files(a_file())
    page.wait_for_url("**/search?picture=**")
    assert searcher.asked[-1].image == picture_bytes(2)
    shown = page.locator(".stage img")
    assert shown.evaluate("image => image.complete && image.naturalWidth") == 320


def test_a_file_that_is_not_a_picture_is_reported_where_it_was_chosen(open_page: Any, address: str) -> None:
    page = open_page(address)
    page.get_by_role("button", name="Search with a picture").click()
    page.locator("[data-file]").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"text"})
    page.locator("[data-problem]:not(:empty)").wait_for()
    assert page.locator("[data-problem]").is_visible()


TRANSFER = """([base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "a.png", { type: "image/png" }));
  return transfer;
}"""


def test_a_picture_is_dropped_anywhere(open_page: Any, address: str, searcher: FakeSearcher) -> None:
    page = open_page(address)
    transfer = page.evaluate_handle(TRANSFER, [base64.b64encode(picture_bytes(4)).decode()])
    page.dispatch_event("main", "dragenter", {"dataTransfer": transfer})
    assert page.get_by_text("Drop the picture to search with it").is_visible()
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})
    page.wait_for_url("**/search?picture=**")
    assert searcher.asked[-1].image == picture_bytes(4)


def test_a_picture_is_pasted(open_page: Any, address: str, searcher: FakeSearcher) -> None:
    page = open_page(address)
    page.evaluate(
        f"""(argument) => {{
          const transfer = ({TRANSFER})(argument);
          document.body.dispatchEvent(new ClipboardEvent("paste", {{ clipboardData: transfer, bubbles: true }}));
        }}""",
        [base64.b64encode(picture_bytes(5)).decode()],
    )
    page.wait_for_url("**/search?picture=**")
    assert searcher.asked[-1].image == picture_bytes(5)


def test_an_object_is_searched_by_click_and_let_go_again(open_page: Any, address: str) -> None:
    page = open_page(address + QUESTION)
    page.locator("a.region").last.click()
    page.wait_for_url("**box=**")
    assert len(question(page)["box"][0].split(",")) == 4
    page.get_by_role("link", name="Whole picture").click()
    page.wait_for_url(lambda url: "box=" not in url)


def test_an_object_is_searched_by_keyboard(open_page: Any, address: str) -> None:
    page = open_page(address + QUESTION)
    region = page.get_by_role("link", name="Search this part: ball")
    region.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**box=0.1%2C0.15%2C0.45%2C0.65**")


def test_a_part_is_drawn(open_page: Any, address: str, searcher: FakeSearcher) -> None:
    page = open_page(address + QUESTION)
    frame = page.locator(".stage").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] * 0.2, frame["y"] + frame["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.6, frame["y"] + frame["height"] * 0.7, steps=4)
    page.mouse.up()
    page.wait_for_url("**box=**")
    drawn = [float(number) for number in question(page)["box"][0].split(",")]
    assert drawn == pytest.approx([0.2, 0.3, 0.4, 0.4], abs=0.02)
    assert question(page)["text"] == ["red"]


def test_escape_takes_a_drawing_back(open_page: Any, address: str) -> None:
    page = open_page(address + QUESTION)
    frame = page.locator(".stage").bounding_box()
    page.mouse.move(frame["x"] + 20, frame["y"] + 20)
    page.mouse.down()
    page.mouse.move(frame["x"] + 120, frame["y"] + 120, steps=3)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert "box=" not in page.url
    assert page.locator("[data-drawing]").get_attribute("width") == "0"


def test_why_opens_one_at_a_time_and_closes_by_escape(open_page: Any, address: str) -> None:
    page = open_page(address + QUESTION)
    summaries = page.locator("details.why > summary")
    summaries.nth(0).click()
    summaries.nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("details.why[open]").count() == 1
    assert page.locator("details.why[open] .panel").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("details.why[open]").count() == 0


def test_arrows_walk_through_the_results(open_page: Any, address: str) -> None:
    page = open_page(address + QUESTION)
    tiles = page.locator("[data-tile]")
    tiles.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.closest('.card').id") == "r2"
    top = tiles.nth(1).bounding_box()["y"]
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") > 0
    assert page.evaluate("document.activeElement.closest('.card').id") not in ("r1", "r2")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.getBoundingClientRect().top + scrollY") == pytest.approx(top, abs=2)


def test_the_first_tab_stop_skips_to_the_content(open_page: Any, address: str) -> None:
    page = open_page(address + QUESTION)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_is_wider_than_the_screen(open_page: Any, address: str, width: int) -> None:
    page = open_page(address, viewport={"width": width, "height": 780})
    for path in (
        "/",
        QUESTION + "&filter=category%3Dkind+1",
        f"/everything?like={sha(0)}",
        "/ingest",
        "/quarantine",
        "/sign-in",
    ):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") == width, path


def test_filters_are_a_sheet_on_the_phone(open_page: Any, address: str, searcher: FakeSearcher) -> None:
    page = open_page(address + QUESTION, viewport={"width": 360, "height": 780})
    assert not page.locator("#facets").is_visible()
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("link", name="blue 7").click()
    page.wait_for_url("**filter=colour%3Dblue**")
    assert searcher.asked[-1].filters == {"colour": ["blue"]}


@pytest.mark.parametrize("scripts", [True, False])
def test_a_word_is_added_and_excluded_by_keyboard(
    open_page: Any, address: str, searcher: FakeSearcher, scripts: bool
) -> None:  # fmt: skip
    page = open_page(address + QUESTION, viewport={"width": 360, "height": 780}, java_script_enabled=scripts)
    page.get_by_role("link", name="Only with beach").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**text=red+-beach+-beaches**")
    assert searcher.asked[-1].text == "red -beach -beaches"
    page.get_by_role("link", name="Remove excluded beaches").click()
    page.wait_for_url(lambda url: "beaches" not in url)
    page.get_by_role("link", name="Only with car").press("Enter")
    page.wait_for_url("**car+a**")
    assert searcher.asked[-1].text == 'red -beach +"car a"'


@pytest.mark.parametrize("scripts", [True, False])
def test_results_are_marked_and_marks_are_taken_back(
    open_page: Any, address: str, searcher: FakeSearcher, scripts: bool
) -> None:  # fmt: skip
    page = open_page(address + QUESTION, java_script_enabled=scripts)
    card = page.locator("#r2")
    card.hover()
    card.get_by_role("button", name="More like this").click()
    page.wait_for_url("**&more=**")
    page.locator("#r3").get_by_role("button", name="Less like this").press("Enter")
    page.wait_for_url("**&less=**")
    assert (searcher.asked[-1].more, searcher.asked[-1].less) == ([sha(1)], [sha(2)])
    assert page.locator("#r2").get_by_role("button", name="More like this").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Take back: more like this").click()
    page.wait_for_url(lambda url: "more=" not in url)
    assert (searcher.asked[-1].more, searcher.asked[-1].less) == ([], [sha(2)])


def test_everything_basic_works_without_scripts(open_page: Any, address: str, searcher: FakeSearcher) -> None:
    page = open_page(address, java_script_enabled=False)
    page.get_by_role("button", name="Search with a picture").click()
    page.locator("[data-file]").set_input_files(a_file(6))
    page.locator(".picture-panel").get_by_role("button", name="Search").click()
    page.wait_for_url("**picture=**")
    assert searcher.asked[-1].image == picture_bytes(6)
    page.get_by_role("link", name="Search this part: ball").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**box=**")
    page.locator("details.why > summary").first.click()
    assert page.get_by_text("It speaks for this picture by similar.").first.is_visible()
    page.get_by_role("link", name="red 12").click()
    page.wait_for_url("**filter=colour%3Dred**")


def test_a_job_is_followed_until_it_ends(open_page: Any, make_app: Make, serve: Callable[[Flask], str]) -> None:
    def at(indexed: int, **changes: Any) -> Progress:
        values: dict[str, Any] = {"id": "job1", "source": "shapes", "collection": "tests", "state": "running", "started": NOW}
        return Progress(**(values | {"discovered": 10, "indexed": indexed} | changes))

    ingest = FakeIngest(progresses=[at(3)])
    page = open_page(serve(make_app({"ingest": ingest})) + "/ingest/jobs/job1")
    assert page.locator('[data-field="indexed"]').inner_text() == "3"
    ingest.progresses = [at(8)]
    page.locator('[data-field="indexed"]', has_text="8").wait_for()
    assert page.locator("progress").evaluate("bar => bar.value / bar.max") == pytest.approx(0.8)
    ingest.progresses = [at(10, state="done", ended=NOW)]
    page.get_by_role("link", name="See the pictures").wait_for()


def test_quarantine_needs_a_choice_before_it_acts(open_page: Any, make_app: Make, serve: Callable[[Flask], str]) -> None:
    ingest = FakeIngest()
    page = open_page(serve(make_app({"ingest": ingest})) + "/quarantine")
    again = page.get_by_role("button", name="Try again")
    assert again.is_disabled()
    page.get_by_label("All on this page").check()
    again.click()
    page.wait_for_load_state()
    assert ingest.retried == ["a", "b"]


def test_signing_in_leads_to_where_one_wanted_to_go(open_page: Any, make_app: Make, serve: Callable[[Flask], str]) -> None:
    page = open_page(serve(make_app(api_token=SecretStr("open sesame"))) + "/ingest")
    page.get_by_label("Token").fill("guess")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("This is not the token of this server.").wait_for()
    page.get_by_label("Token").fill("open sesame")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/ingest")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in**")
