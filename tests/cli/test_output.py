"""What commands print fits the terminal, whatever the text of documents contains, and ids can be pasted back."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from answers.intent.goals import GOALS, made
from cli import ask, jobs, pictures, rank, search, terminal
from cli import quarantine as quarantine_command
from engine.settings import Settings
from ingest.jobs import Failure, Progress
from query.answer import Answer, AnswerPart, AskedQuestion, Cutoff, Landmark, PartItem, Refinement
from ranking.learning.models import Models
from tests.cli.conftest import Omma, Shelf
from tests.web.web_doubles import a_result
from web.services import Refused

WIDTHS = (40, 60, 80, 132)
HOSTILE = "\x1b[31mred\x1b[0m \x07bell \u202eright to left"
LONG = "/srv/photos/" + "a very long folder name/" * 9 + "IMG_20260102_030405.jpg"
TITLES = ("A red fox", "雪の丘の上の小さな家と赤い狐の写真" * 4, "Donau­dampf­schifffahrts" * 9, HOSTILE, "")


@pytest.fixture(params=WIDTHS)
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Each width of a terminal."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    return int(request.param)


def fits(text: str, columns: int) -> list[str]:
    """The lines of a text, none wider than the terminal and none with a control character."""
    lines = [click.unstyle(line) for line in text.splitlines()]
    assert max(map(cell_len, lines)) <= columns, max(lines, key=cell_len)
    assert all(line.isprintable() for line in lines)
    return lines


def an_answer() -> Answer:
    """Results with every kind of title."""
    results = [a_result(seed).model_copy(update={"title": title}) for seed, title in enumerate(TITLES)]
    place = Landmark(name="Old Tower", place=[46.05, 14.5], result="a" * 64, by={}, sure=0.99, text=f"It is {LONG}")
    words = [Refinement(word=w, count=9, factors=[], require=f"+{w}", exclude=f"-{w}") for w in ("beach", HOSTILE, LONG)]
    return Answer(
        question=AskedQuestion(), landmarks=[place], results=results, total=40, page=3, number=5,
        cutoff=Cutoff(removed=62), facets={}, refinements=words, warnings=[f"The order is not that of the model: {LONG}"],
        took={"total": 81.4},
    )  # fmt: skip


def test_a_result_is_a_block(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    answer = an_answer()
    search.print_answer(answer)
    lines = fits(capsys.readouterr().out, columns)
    (at,) = [at for at, line in enumerate(lines) if "A red fox" in line]
    assert re.fullmatch(r"11\. A red fox +0\.050", lines[at])
    assert lines[at + 1].split()[0] == answer.results[0].id[:12]
    reasons = " ".join(line.strip() for line in lines[at + 2 : at + 8])
    assert reasons.index("picture by similar.") < reasons.index("picture by objects.") and "by ocr" not in reasons
    assert "page 3 of 8" in " ".join(lines) and "62 hidden" in " ".join(lines) and "Old Tower" in lines[0]


def test_an_asked_picture_is_answered_part_by_part(columns: int) -> None:
    intent = made(dict.fromkeys(GOALS, 1 / 8) | {"read": 0.5}, f"It has many lines of {HOSTILE}", "classifier")
    items = [PartItem(text=text, price=9.5, note=LONG, confidence=0.9, document="a" * 64) for text in (*TITLES, *TITLES)]
    parts = [AnswerPart(name="text", title=HOSTILE, reason=f"From {LONG}", items=items), AnswerPart(name="similar", title="S")]
    answer = an_answer().model_copy(update={"intent": intent, "parts": parts})
    lines = fits("\n".join(ask.lines(answer, 2)), columns)
    assert lines[0].startswith("Read it") and "and 4 more; --json has them" in [line.strip() for line in lines]
    assert [line for line in lines if re.match(r"\d\. ", line)][1:] and not any(re.match("3\\. ", line) for line in lines)


def test_reasons_are_the_strongest_that_speak_for_the_result() -> None:
    result = a_result(1)
    turned = [why.model_copy(update={"contribution": -why.contribution}) for why in result.why]
    found = search.reasons(result.model_copy(update={"why": turned}))
    assert [why.factor for why in found] == ["colours", "labels"]


def a_job(**changes: Any) -> Progress:
    """A job in the middle of its work."""
    failures = [Failure(reference=LONG, reason="truncated", message=HOSTILE)] * 3 + [
        Failure(reference=f"{n}.jpg", reason=f"reason-{n}") for n in range(4)
    ]
    known = Progress(
        id="0123456789ab", source=LONG, collection="holidays", state="running", discovered=120, indexed=80, unchanged=6,
        quarantined=2, rate=12.34, seconds_left=62.4, failures=failures, started=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    )  # fmt: skip
    return known.model_copy(update=changes)


def test_a_job_shows_its_progress(columns: int) -> None:
    printed = " ".join(" ".join(fits("\n".join(jobs.block(a_job(), 2)), columns)).split())
    assert printed.startswith("0123456789ab running 88 of 120 (73 %) 12.3/s 1:02 left 6 unchanged 2 quarantined")
    assert "/srv/" in printed and "030405.jpg" in printed and "collection holidays" in printed
    assert "and 2 more: truncated" in printed and "3 further reasons; `omma jobs 0123456789ab` shows them" in printed


@pytest.mark.parametrize(
    ("changes", "printed"),
    [
        ({"state": "reading", "seconds_left": None}, "88 of 120 or more"),
        ({"state": "done", "seconds_left": None, "indexed": 112}, "120 of 120 (100 %)"),
        ({"state": "done", "discovered": 0, "indexed": 0, "unchanged": 0, "quarantined": 0}, "0 of 0"),
        ({"seconds_left": 3 * 3600 + 61.0}, "3:01:01 left"),
    ],
)
def test_progress_in_words(changes: dict[str, Any], printed: str) -> None:
    assert printed in "  ".join(jobs.figures(a_job(**changes)))


def test_other_lists_fit(columns: int, settings: Settings) -> None:
    refused = Refused(id="0123456789abcdef" * 2, reference=LONG, collection="holidays", reason="truncated", message=HOSTILE * 5)
    lines = fits("\n".join(quarantine_command.block(refused)), columns)
    assert lines[0].split()[0] == refused.id and "truncated" in " ".join(lines)
    for card in Models(settings).list():
        assert fits("\n".join(rank.block(card, "in use")), columns)[0].split()[0] == card.id
    view = {
        "id": "f" * 64,
        "title": HOSTILE,
        "sources": [{"source": "folder", "reference": LONG, "page": ""}] * 20,
        "weights": {"a": "b"},
    }
    shown = fits("\n".join(terminal.columns_of(pictures.rows(view))), columns)
    assert "and 8 more; --json has them" in " ".join(" ".join(shown).split())


@example(["\U0001f3fb"], 0)  # a mark without width that stands alone
@given(st.lists(st.text(max_size=60), max_size=12), st.integers(0, 8))
def test_nothing_is_wider_than_the_terminal_and_no_letter_is_lost(parts: list[str], indent: int) -> None:
    room = terminal.width() - indent
    lines = list(terminal.flow(parts, indent, " "))
    assert all(cell_len(line) <= room + indent for line in lines)
    assert "".join("".join(lines).split()) == "".join("".join(map(terminal.plain, parts)).split())


@given(st.text(), st.integers(3, 90))
def test_shortened_text_has_room(text: str, columns: int) -> None:
    for shorten in (terminal.shorten, terminal.shorten_middle):
        assert cell_len(shorten(text, columns)) <= columns


@pytest.mark.engine
@pytest.mark.queue
@pytest.mark.parametrize("wide", ["60", "80"])
def test_ids_that_are_printed_can_be_pasted(omma: Omma, shelf: Shelf, wide: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", wide)
    commands: dict[tuple[str, ...], Callable[[str], tuple[str, ...]]] = {
        ("search",): lambda found: ("show", found),
        ("search", "--text", "snow"): lambda found: ("search", "--like", found),
        ("jobs",): lambda found: ("jobs", found),
        ("quarantine", "list"): lambda found: ("quarantine", "retry", found[:12]),
    }
    for command, pasted in commands.items():
        printed = omma(*command)
        fits(printed.out, int(wide))
        found = re.findall(r"\b[0-9a-f]{12,}\b", printed.out)
        assert found, printed.out
        for name in found:
            assert omma(*pasted(name)).code == 0


@pytest.mark.engine
@pytest.mark.queue
def test_what_lists_something_has_json(omma: Omma, shelf: Shelf) -> None:
    for command in ("jobs", "quarantine list", "landmarks list", "rank list", "judgements list", "judgements agreement",
                    "models list", "status", "doctor", "search", f"show {shelf.ids[0][:12]}"):  # fmt: skip
        json.loads(omma(*command.split(), "--json").out)
