"""Pages, frames and parts: what a file shows beyond its first image at working size."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.settings import Settings
from tests.vision.drawing import encoded, photo, sign
from vision.picture import decode
from vision.views import MAX_FRAMES, left_out, views


def colours(data: bytes, settings: Settings, **changes: int) -> dict[str, list[int]]:
    """Names of views and the middle pixel of each."""
    chosen = settings.model_copy(update=changes)
    found = {view.name: decode(view.data, chosen).pixels for view in views(data, chosen) if view.data}
    return {name: pixels[pixels.shape[0] // 2, pixels.shape[1] // 2].tolist() for name, pixels in found.items()}


def flat(*names: str, mode: str = "RGB") -> list[Image.Image]:
    return [Image.new("RGB", (60, 40), name).convert(mode) for name in names]


def scan(pages: list[Image.Image], **options: object) -> bytes:
    return encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], **options)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK"])
def test_every_page_of_a_scan_is_a_view(mode: str, settings: Settings) -> None:
    found = colours(scan(flat("white", "black", "white", mode=mode)), settings)
    assert list(found) == ["page 2", "page 3"]
    assert max(found["page 2"]) <= 40 and min(found["page 3"]) >= 240


def test_pages_keep_depth_and_profile_and_smaller_copies_are_none(settings: Settings) -> None:
    deep = Image.fromarray(np.tile(np.linspace(0, 65_535, 60).astype(np.uint16), (40, 1)))
    floats = Image.fromarray(np.tile(np.linspace(0, 1, 60).astype(np.float32), (40, 1)))
    assert [max(one) for one in colours(scan([deep, deep, floats]), settings).values()] == pytest.approx([128, 128], abs=6)
    copy = Image.new("RGB", (30, 20), "red")
    copy.encoderinfo = {"tiffinfo": {254: 1}}
    assert list(colours(scan([*flat("white", "blue"), copy]), settings)) in (["page 2"], ["page 2", "page 3"])


def test_a_page_that_is_a_bomb_is_an_error_of_its_own(settings: Settings) -> None:
    pages = [Image.new("L", (60, 40)), Image.new("L", (300, 200)), Image.new("L", (60, 40))]
    found = list(views(scan(pages), settings.model_copy(update={"max_pixels": 10_000})))
    assert [(one.name, one.error.reason if one.error else "") for one in found] == [("page 2", "bomb"), ("page 3", "")]


def test_pages_behind_damage_are_told(settings: Settings) -> None:
    noise = [Image.fromarray(np.random.default_rng(n).integers(0, 256, (80, 80, 3), dtype=np.uint8)) for n in range(3)]
    data = bytearray(scan(noise))
    found = list(views(bytes(data[:-20_000]), settings))
    assert all(one.error or one.data for one in found)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_frames_that_differ_are_views(kind: str, settings: Settings) -> None:
    frames = flat(*["red"] * 8, *["lime"] * 8, *["blue"] * 8)
    for n, frame in enumerate(frames):  # encoders join equal frames
        frame.putpixel((n % 60, 0), (n * 9, 99, 200))
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    found = colours(data, settings)
    assert len(found) == 2
    green, blue = found.values()
    assert green[1] > 150 and blue[2] > 150
    assert [int(name.split()[1]) for name in found] == sorted(int(name.split()[1]) for name in found)


def test_an_animation_has_a_bounded_number_of_views(settings: Settings) -> None:
    frames = [photo(60, 40, seed) for seed in range(60)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert len(list(views(data, settings))) == MAX_FRAMES
    assert not list(views(data, settings.model_copy(update={"max_pixels": 600}))), "not even two frames are decoded"


@pytest.mark.parametrize(
    "data", [encoded(photo(300, 200)), encoded(photo(1080, 2400)), encoded(photo(1920, 400)), b"", b"GIF8"]
)
def test_most_files_have_no_further_view(data: bytes, settings: Settings) -> None:
    assert not list(views(data, settings)) and left_out(data) == 0


def test_a_long_screenshot_is_cut_into_parts_at_its_own_size(settings: Settings) -> None:
    shot = Image.new("RGB", (1080, 12_000), "white")
    pen = ImageDraw.Draw(shot)
    for n in range(160):
        pen.rectangle((40, 40 + n * 74, 80, 80 + n * 74), fill=(n, 255 - n, 7))
    found = {view.name: decode(view.data, settings) for view in views(encoded(shot), settings)}
    assert list(found) == [f"part {n} of {len(found)}" for n in range(1, len(found) + 1)]
    assert {one.pixels.shape[1] for one in found.values()} == {1080}, "nothing is shrunk"
    for n in (0, 1, 17, 18, 19, 20, 80, 159):
        mark = [int((one.pixels[:, 60] == (n, 255 - n, 7)).all(axis=1).sum()) for one in found.values()]
        assert max(mark) == 41, f"row {n} is whole in some part"


def test_a_panorama_is_cut_across_and_upright(settings: Settings) -> None:
    wide = photo(6000, 300)
    assert [decode(view.data, settings).pixels.shape[0] for view in views(encoded(wide, "JPEG"), settings)] == [300] * 16
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = list(views(encoded(wide, "JPEG", exif=exif), settings))
    first = decode(turned[0].data, settings)
    assert len(turned) == 16 and first.pixels.shape[1] == 300 and first.pixels.shape[0] > 375


def test_words_of_a_part_are_those_of_the_picture(settings: Settings) -> None:
    tall = Image.new("RGB", (640, 4000), "white")
    tall.paste(sign("MARIGOLD"), (0, 3700))
    ImageDraw.Draw(tall).text((9, 9), "first", fill="black", font=ImageFont.load_default(20))
    last = list(views(encoded(tall), settings))[-1]
    assert decode(last.data, settings).pixels[:, :, 0].min() < 40
