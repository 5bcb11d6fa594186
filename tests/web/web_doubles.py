"""Doubles of the other rooms: generated pictures, answers put together by hand."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO

from PIL import Image, ImageDraw

from engine.errors import EngineUnavailable, NotFoundError
from engine.settings import Settings
from ingest.jobs import Progress
from query.answer import (
    Answer,
    AskedQuestion,
    Cutoff,
    Difference,
    Facet,
    FoundObject,
    PictureRow,
    PictureRows,
    Refinement,
    Result,
    ResultComparison,
    Source,
    Why,
)  # fmt: skip
from query.archive import Archive, Period, Tile
from query.document import DocumentView
from query.request import SearchRequest
from ranking.candidate_set import CandidateSet
from tests.web.camera_doubles import FakeCamera
from tests.web.entity_doubles import FakeEntities
from tests.web.judging_doubles import FakeJudgements
from web.services import Overview, Refused, RefusedList, Sample, Services, Status, WarmUp
from web.uploads import Uploads

HOSTILE = '<script>alert("omma")</script><img src=x onerror=alert(1)>'
FACTORS = ("similar", "objects", "ocr", "linked_text", "labels", "colours", "near_duplicate")


def picture_bytes(seed: int = 0, width: int = 320, height: int = 240, kind: str = "PNG") -> bytes:
    """A picture of two shapes; each seed gives other colours."""
    hue = (seed * 47) % 360
    image = Image.new("RGB", (width, height), f"hsl({hue}, 45%, 82%)")
    draw = ImageDraw.Draw(image)
    draw.ellipse([width * 0.1, height * 0.15, width * 0.55, height * 0.8], fill=f"hsl({(hue + 120) % 360}, 60%, 45%)")
    draw.rectangle([width * 0.5, height * 0.45, width * 0.92, height * 0.9], fill=f"hsl({(hue + 220) % 360}, 55%, 35%)")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def sha(seed: int) -> str:
    """An id as documents have it."""
    return hashlib.sha256(str(seed).encode()).hexdigest()


SHAPES = ((320, 240), (240, 320), (400, 220), (300, 300), (480, 200), (200, 420))


def a_result(seed: int, title: str = "") -> Result:
    """A result with every part that a page shows."""
    width, height = SHAPES[seed % len(SHAPES)]
    shares = [0.46, 0.21, 0.12, 0.1, 0.06, 0.05]
    why = [
        Why(factor=name, title=name.replace("_", " ").capitalize(), value=0.9 - 0.1 * at, rank=at + 1, share=share,
            contribution=share - 0.1,
            text=f"It speaks for this picture by {name}.")
        for at, (name, share) in enumerate(zip(FACTORS, shares, strict=False))
    ]  # fmt: skip
    return Result(
        id=sha(seed), score=0.05 - seed / 1000, factors={part.factor: part.value or 0.0 for part in why}, why=why,
        box=[0.1, 0.15, 0.45, 0.65] if seed % 3 == 0 else None,
        highlights={"texts": [f"a \ue000red\ue001 <b>{seed}</b> thing"]} if seed % 4 == 1 else {},
        title=title or f"Shape number {seed}", category="shapes", collections=["tests"], width=width, height=height,
        sources=[Source(source="folder", reference=f"shapes/{seed}.png", collection="tests")],
        duplicates=[a_result(seed + 1000)] if seed == 2 else [],
    )  # fmt: skip


@dataclass
class FakeSearcher:
    """Answers every question with the same pictures, and remembers what it was asked."""

    results: list[Result] = field(default_factory=lambda: [a_result(seed) for seed in range(24)])
    asked: list[SearchRequest] = field(default_factory=list)
    fails: Exception | None = None
    warnings: list[str] = field(default_factory=list)

    def search(self, request: SearchRequest) -> Answer:
        """The same answer to everything."""
        self.asked.append(request)
        if self.fails:
            raise self.fails
        has_picture = bool(request.image or request.like)
        picture = hashlib.sha256(request.image).hexdigest() if request.image else request.like
        return Answer(
            query_id=sha(len(self.asked))[:32], ranker="fusion",
            candidate_set=CandidateSet(table={r.id: r.factors for r in self.results}),
            question=AskedQuestion(
                picture=picture, words=request.text, filters=request.filters, more=request.more, less=request.less,
                objects=[
                    FoundObject(label="ball", confidence=0.93, box=[0.1, 0.15, 0.45, 0.65]),
                    FoundObject(label=f"box{HOSTILE}", confidence=0.71, box=[0.5, 0.45, 0.42, 0.45]),
                ] if has_picture else [],
                box=None, labels=["shape", "toy"] if has_picture else [],
            ),
            results=self.results, total=3 * len(self.results), page=request.page, number=max(len(self.results), 1),
            cutoff=Cutoff(shown=0.12, sure=0.6, removed=37, rule="by hand", calibrated_on="the demo corpus"),
            facets={"category": [Facet(value=f"kind {n}{HOSTILE if n == 3 else ''}", count=40 - n) for n in range(9)],
                    "colour": [Facet(value="red", count=12), Facet(value="blue", count=7)]},
            refinements=[
                Refinement(word="beach", count=11, factors=["linked_text"], require="+beach", exclude="-beach -beaches"),
                Refinement(word=f"car{HOSTILE}", count=7, factors=["labels"], require='+"car a"', exclude='-"car a"'),
                *(Refinement(word=w * 6, count=5, factors=["ocr"], require=f"+{w}", exclude=f"-{w}") for w in "abcdefgh"),
            ] if self.results else [],
            warnings=self.warnings, took={"extract": 61.2, "candidates": 14.9, "table": 11.3, "total": 92.4},
        )  # fmt: skip

    def everything(self, request: SearchRequest) -> PictureRows:
        """A row for the whole, and one for each object of `search`."""
        found = self.search(request)
        rows = [PictureRow(results=self.results[:3], total=40)]
        rows += [
            PictureRow(label=o.label, confidence=o.confidence, box=o.box, results=self.results[:2], total=9, perhaps=True)
            for o in found.question.objects
        ]
        return PictureRows(question=found.question, rows=rows, warnings=self.warnings, took=found.took)

    def archive(self, request: SearchRequest) -> Archive:
        """Two places and two years, whatever the filters."""
        self.asked.append(request)
        tiles = [
            Tile(tile="5/16/10", count=31, place=[51.75, -1.26], bounds=[48.9, 0.0, 55.8, 11.2]),
            Tile(tile="5/17/12", count=1, place=[41.9, 12.48], bounds=[40.9, 11.2, 48.9, 22.5]),
        ]
        periods = [Period(date="2024", count=12), Period(date="2025", count=20)]
        return Archive(total=40, placed=32, dated=32, tiles=tiles, periods=periods, samples=self.results[:4])

    def compare(self, request: SearchRequest, one: str, other: str) -> ResultComparison:
        """The first is above the second, by its first factor and against its second."""
        above, below = (next((r for r in self.results if r.id == i), None) for i in (one, other))
        if above is None or below is None:
            raise NotFoundError(f"{other!r} is no candidate for this question")
        differences = [
            Difference(factor=why.factor, title=why.title, above=why.value, below=None, contribution=0.3 - 0.1 * at)
            for at, why in enumerate(above.why)
        ]
        question = AskedQuestion(words=request.text)
        return ResultComparison(
            question=question, ranker="fusion", above=above, below=below, places=(1, 2), differences=differences,
            text="The upper one is ahead by Similar.",
        )  # fmt: skip

    def warm_up(self) -> None:
        """Nothing to load."""


class FakeStore:
    """Pictures of every document, made when asked for."""

    def original(self, document_id: str) -> bytes:
        """A PNG."""
        return picture_bytes(self._seed(document_id), *self._shape(document_id))

    def thumbnail(self, document_id: str) -> bytes:
        """A WebP."""
        return picture_bytes(self._seed(document_id), *self._shape(document_id), "WEBP")

    def _shape(self, document_id: str) -> tuple[int, int]:
        known = {sha(seed): SHAPES[seed % len(SHAPES)] for seed in range(60)}
        return known.get(document_id, (320, 240))

    def _seed(self, document_id: str) -> int:
        if document_id == sha(404):
            raise NotFoundError(f"no picture {document_id}")
        return int(document_id[:4], 16)


@dataclass
class FakeIngest:
    """Records the calls."""

    started: list[tuple[str, str]] = field(default_factory=list)
    uploaded: list[dict[str, bytes]] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    progresses: list[Progress] = field(default_factory=list)

    def start(self, spec: str, collection: str) -> str:
        """Only remembered."""
        self.started.append((spec, collection))
        return "job1"

    def start_uploads(self, pictures: Mapping[str, IO[bytes]], collection: str) -> str:
        """Only remembered."""
        self.uploaded.append({name: file.read() for name, file in pictures.items()})
        return "job1"

    def jobs(self) -> list[Progress]:
        """As set."""
        return self.progresses

    def progress(self, job_id: str) -> Progress:
        """As set."""
        found = [progress for progress in self.progresses if progress.id == job_id]
        if not found:
            raise NotFoundError(f"no job {job_id}")
        return found[0]

    def refused(self, page: int, number: int, collection: str = "", reason: str = "") -> RefusedList:
        """Two entries, whatever is asked."""
        entries = [
            Refused(id="a", reason="truncated", message="The file ends too early.", reference=HOSTILE, original=sha(1)),
            Refused(id="b", reason="zero-bytes", message="The file is empty.", reference="empty.jpg"),
        ]
        return RefusedList(total=2, page=page, entries=entries)

    def refused_entry(self, entry_id: str) -> Refused:
        """One of the two."""
        found = [entry for entry in self.refused(1, 10).entries if entry.id == entry_id]
        if not found:
            raise NotFoundError(f"no entry {entry_id}")
        return found[0]

    def retry(self, entries: Sequence[str]) -> int:
        """Only remembered."""
        self.retried += entries
        return len(entries)

    def drop(self, entries: Sequence[str]) -> int:
        """Only remembered."""
        self.dropped += entries
        return len(entries)


def an_overview() -> Overview:
    """A small collection."""
    samples = [
        Sample(id=sha(seed), title=f"Shape {seed}", width=SHAPES[seed % 6][0], height=SHAPES[seed % 6][1]) for seed in range(18)
    ]
    return Overview(
        documents=796, collections=[Facet(value="tests", count=796)],
        categories=[Facet(value=name, count=40) for name in ("animals", "food", "plants", "town", "vehicles")], samples=samples,
        ranking={"order": "model m1 (comes with Omma)", "adapted": "2026-11-28 08:00 UTC to 796 documents"},
    )  # fmt: skip


def a_status() -> Status:
    """Everything is well, and one figure is not known."""
    order = "model m1 (comes with Omma)"
    return Status(documents=796, quarantined=2, missing={"text": 1}, queues=None, order=order, adapted="not yet")


def down() -> None:
    """A check that fails as a server does that is away."""
    raise EngineUnavailable("OpenSearch does not answer")


def fake_services(settings: Settings, **changes: object) -> Services:
    """Services of doubles, warm."""
    searcher = FakeSearcher()
    warm_up_state = WarmUp(searcher.warm_up)
    warm_up_state.start()
    warm_up_state.wait(10)
    from tests.web.answering_doubles import FakeAnswering  # noqa: PLC0415  (it answers with the results made here)

    asked = changes.get("searcher", searcher)
    assert isinstance(asked, FakeSearcher)
    parts: dict[str, object] = {
        "searcher": searcher, "answering": FakeAnswering(asked), "store": FakeStore(), "ingest": FakeIngest(),
        "judgements": FakeJudgements(), "camera": FakeCamera(), "uploads": Uploads(settings),
        "entities": FakeEntities(),
        "show": show, "overview": an_overview, "status": a_status, "warm_up_state": warm_up_state,
        "checks": {"engine": lambda: None},
        "gauges": lambda: {("omma_documents", ""): 796.0, ("omma_queue_length", "bulk"): 3.0},
    }  # fmt: skip
    return Services(settings=settings, **(parts | changes))  # type: ignore[arg-type]


def show(document_id: str) -> DocumentView:
    """Replaced where a page of a picture is shown."""
    raise NotFoundError(f"no picture {document_id}")


NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
