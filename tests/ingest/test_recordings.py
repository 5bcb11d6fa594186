"""Pages of PDFs and key frames of films are found by themselves; what cannot be read is in quarantine with a reason."""

from collections.abc import Sequence
from pathlib import Path

import av
import pytest
from PIL import Image

from engine.settings import Settings
from ingest.item import Item
from ingest.sources import Refusal, open_source
from tests.ingest.pictures import encoded, png, write_all
from tests.vision.drawing import sign
from vision.picture import decode

FRAMES = 10  # per second


def film(path: Path, colours: Sequence[str], *, seconds: int = 4) -> Path:
    """A film that shows each colour for some seconds, with a key frame each second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=FRAMES)
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.gop_size = 160, 120, "yuv420p", FRAMES
        for colour in colours:
            frame = av.VideoFrame.from_image(Image.new("RGB", (160, 120), colour))
            for _ in range(FRAMES * seconds):
                frame.pts = None
                out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def read(folder: Path, settings: Settings) -> tuple[dict[str, Item], dict[str, Refusal]]:
    found = list(open_source(str(folder), settings=settings).items())
    return (
        {one.reference: one for one in found if isinstance(one, Item)},
        {one.reference: one for one in found if isinstance(one, Refusal)},
    )


def test_every_page_of_a_pdf_is_a_picture_with_the_words_of_its_file(tmp_path: Path, settings: Settings) -> None:
    pages = [sign(word) for word in ("FIRST", "MARIGOLD")]
    data = encoded(pages[0], "PDF", save_all=True, append_images=pages[1:])
    write_all(tmp_path / "in", {"deeds/Contract of sale.PDF": data, "deeds/Contract of sale.txt": b"The old mill"})
    items, refusals = read(tmp_path / "in", settings)
    assert not refusals and list(items) == [f"deeds/Contract of sale.PDF > page {number}" for number in (1, 2)]
    second = items["deeds/Contract of sale.PDF > page 2"]
    assert [snippet.text for snippet in second.snippets][:2] == ["Contract of sale.PDF, page 2", "The old mill"]
    assert second.facets == {"file": "Contract of sale.PDF", "view": "page 2"} and second.category == "deeds"
    store = open_source(str(tmp_path / "in"), settings=settings).store
    shown = decode(store.original(second.original), settings)
    assert max(shown.width, shown.height) == 1600 and shown.pixels.min() < 40 and shown.pixels.max() == 255


def test_a_film_gives_key_frames_that_differ_named_by_their_time(tmp_path: Path, settings: Settings) -> None:
    film(tmp_path / "in/clip.mp4", ["red", "lime", "lime", "blue"])
    items, refusals = read(tmp_path / "in", settings)
    assert not refusals and list(items) == [f"clip.mp4 > {time}" for time in ("0:00", "0:04", "0:12")]
    store = open_source(str(tmp_path / "in"), settings=settings).store
    colours = [decode(store.original(item.original), settings).pixels[60, 80].argmax() for item in items.values()]
    assert colours == [0, 1, 2]
    assert items["clip.mp4 > 0:12"].snippets[0].text == "clip.mp4, 0:12"


@pytest.mark.parametrize("name", ["no.pdf", "no.mp4", "cut.pdf", "cut.mp4", "empty.pdf", "empty.mkv", "link.mov"])
def test_what_is_no_pdf_or_film_is_refused_with_a_reason(name: str, tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "in"
    write_all(folder, {"a.png": png(1)})
    if name.startswith("link"):
        (folder / name).symlink_to(film(tmp_path / "outside.mp4", ["red"]))
    elif name == "cut.mp4":
        (folder / name).write_bytes(film(tmp_path / "whole.mp4", ["red"]).read_bytes()[:500])
    else:
        (folder / name).write_bytes({"no": b"some words", "cut": b"%PDF-1.7\n1 0 obj", "empty": b""}[Path(name).stem])
    items, refusals = read(folder, settings)
    assert list(items) == ["a.png"] and list(refusals) == [name]
    assert refusals[name].reason == ("outside" if name.startswith("link") else "unsupported")


def test_a_film_of_too_many_pixels_is_refused(tmp_path: Path, settings: Settings) -> None:
    film(tmp_path / "in/clip.mp4", ["red"])
    few = settings.model_copy(update={"max_pixels": 10_000})
    assert read(tmp_path / "in", few)[1]["clip.mp4"].reason == "bomb"
