"""The things that readers ask about, drawn: a flag, a landmark, a flower, a cartoon figure, a product, a person."""

import io
import math

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

SIDE = (480, 360)


def flag(*stripes: str, sun: str = "", upright: bool = False) -> Image.Image:
    """A flag of stripes, with a sun in the middle if it has a colour."""
    image = Image.new("RGB", SIDE, "white")
    draw, (w, h) = ImageDraw.Draw(image), SIDE
    for at, colour in enumerate(stripes):
        n = len(stripes)
        box = [at * w / n, 0, (at + 1) * w / n, h] if upright else [0, at * h / n, w, (at + 1) * h / n]
        draw.rectangle(box, fill=colour)
    if sun:
        for ray in range(32):
            angle = ray * math.pi / 16
            draw.line([(240, 180), (240 + 52 * math.cos(angle), 180 + 52 * math.sin(angle))], fill="#85340a", width=4)
        draw.ellipse([215, 155, 265, 205], fill=sun, outline="#85340a", width=3)
        draw.ellipse([227, 170, 235, 176], fill="#85340a")
        draw.ellipse([245, 170, 253, 176], fill="#85340a")
        draw.arc([228, 178, 252, 196], 20, 160, fill="#85340a", width=3)
    return image


def tower(seed: int) -> Image.Image:
    """A tower of rough stones before a sky: it has many points that can be found again."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", SIDE, "#9cc4e4")
    draw = ImageDraw.Draw(image)
    draw.rectangle([0, 290, 480, 360], fill="#5b7f3a")
    for row in range(9):
        for column in range(5):
            x, y = 150 + column * 36 + int(random.integers(0, 8)), 40 + row * 28
            grey = int(random.integers(90, 200))
            draw.rectangle([x, y, x + 33, y + 26], fill=(grey, grey - 15, grey - 30), outline="#333333")
    points = [(140, 40), (170 + seed % 40, 8), (240, 30), (310 - seed % 30, 6), (345, 40)]
    draw.polygon(points, fill="#7a2e1d", outline="black")
    for window in range(4):
        x, y = 170 + int(random.integers(0, 120)), 80 + window * 50
        draw.ellipse([x, y, x + 16, y + 26], fill="#101820")
    return image


def flower(petals: int, colour: str) -> Image.Image:
    """A blossom with so many petals on a stalk."""
    image = Image.new("RGB", SIDE, "#dfe9d2")
    draw = ImageDraw.Draw(image)
    draw.line([(240, 180), (250, 360)], fill="#2e6b2e", width=10)
    for petal in range(petals):
        angle = 2 * math.pi * petal / petals
        x, y = 240 + 75 * math.cos(angle), 150 + 75 * math.sin(angle)
        draw.ellipse([x - 48, y - 36, x + 48, y + 36], fill=colour, outline="#5a1a4a", width=2)
        draw.line([(240, 150), (x, y)], fill="#f7d0e8", width=3)
    draw.ellipse([212, 122, 268, 178], fill="#f2c230", outline="#a87a10", width=3)
    return image


def figure(ears: int, coat: str) -> Image.Image:
    """A cartoon animal with long or short ears and a coloured coat."""
    image = Image.new("RGB", SIDE, "#fdf6e3")
    draw = ImageDraw.Draw(image)
    for x in (195, 255):
        draw.ellipse([x, 90 - ears, x + 34, 150], fill="#a9a9b5", outline="black", width=4)
        draw.ellipse([x + 9, 105 - ears, x + 25, 140], fill="#f4b6c2")
    draw.ellipse([165, 100, 320, 235], fill="#a9a9b5", outline="black", width=4)
    for x in (200, 262):
        draw.ellipse([x, 130, x + 30, 172], fill="white", outline="black", width=3)
        draw.ellipse([x + 10, 146, x + 22, 164], fill="black")
    draw.ellipse([228, 172, 256, 190], fill="#e8749a", outline="black", width=3)
    draw.rectangle([228, 200, 256, 220], fill="white", outline="black", width=2)
    draw.line([(242, 200), (242, 220)], fill="black", width=2)
    draw.polygon([(190, 235), (295, 235), (330, 360), (155, 360)], fill=coat, outline="black")
    for button in range(3):
        draw.ellipse([236, 255 + 32 * button, 250, 269 + 32 * button], fill="#ffe08a", outline="black")
    return image


def box(name: str, colour: str) -> Image.Image:
    """A package with its name on it."""
    image = Image.new("RGB", SIDE, "#eeeeee")
    draw = ImageDraw.Draw(image)
    draw.rectangle([110, 20, 370, 340], fill=colour, outline="black", width=4)
    draw.multiline_text((135, 60), name, fill="white", font=ImageFont.load_default(44), spacing=14)
    draw.ellipse([180, 210, 300, 310], fill="#f6e3b0", outline="#6b4a10", width=6)
    for grain in range(14):
        draw.ellipse([195 + grain * 7, 240 + (grain * 37) % 50, 207 + grain * 7, 250 + (grain * 37) % 50], fill="#b07020")
    return image


def person(seed: int) -> Image.Image:
    """A portrait: face, hair, shirt with a pattern."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", SIDE, tuple(int(c) for c in random.integers(150, 230, 3)))
    draw = ImageDraw.Draw(image)
    hair = tuple(int(c) for c in random.integers(20, 120, 3))
    draw.ellipse([160, 30, 320, 230], fill=hair)
    draw.ellipse([180, 60, 300, 225], fill="#e3b38f", outline="#8a5a3a", width=2)
    for x in (205, 255):
        draw.ellipse([x, 115, x + 22, 130], fill="white", outline="black")
        draw.ellipse([x + 7, 117, x + 16, 129], fill=hair)
    draw.arc([215, 165, 265, 200], 10, 170, fill="#7a1f1f", width=4)
    draw.polygon([(120, 360), (180, 235), (300, 235), (360, 360)], fill=tuple(int(c) for c in random.integers(0, 255, 3)))
    for spot in range(18):
        x, y = int(random.integers(150, 320)), int(random.integers(260, 345))
        draw.regular_polygon((x, y, 8), 3 + spot % 4, fill=tuple(int(c) for c in random.integers(0, 255, 3)))
    return image


def taken(image: Image.Image, turned: float = 6.0, light: float = 0.85) -> bytes:
    """As a phone would take it: turned, darker, with a border around it, as JPEG."""
    big = Image.new("RGB", (600, 460), "#c9c2b8")
    big.paste(image.rotate(turned, expand=False, fillcolor="#c9c2b8", resample=Image.Resampling.BICUBIC), (60, 50))
    return encoded(ImageEnhance.Brightness(big).enhance(light), "JPEG")


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()
