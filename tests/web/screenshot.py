"""Takes the picture of the page that the README shows.

    python tests/web/screenshot.py PICTURE [--address http://127.0.0.1:8000] [--text WORDS] [--dark] [--output FILE]

needs a running page with the demo corpus indexed (`./omma demo`), Chromium, and a picture to search with.
"""

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
SIZE: ViewportSize = {"width": 1440, "height": 940}
MAX_BYTES = 300 * 1024
OUTPUT = Path(__file__).resolve().parents[2] / "docs/images/search.png"


def ask(page: Page, arguments: argparse.Namespace) -> None:
    """Search with the picture and open the reasons of one result."""
    page.goto(arguments.address)
    if arguments.text:
        page.locator("[data-words]").fill(arguments.text)
    page.get_by_role("button", name="Search with a picture").click()
    page.locator("[data-file]").set_input_files(arguments.picture)
    page.wait_for_url("**/search?**")
    page.wait_for_load_state("networkidle")
    page.locator("details.why > summary").nth(arguments.why).click()
    page.wait_for_timeout(300)


def small(png: bytes) -> bytes:
    """The same with as few colours as keep it within its limit."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 192, 128, 96, 64):
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MAX_BYTES:
            break
    return out.getvalue()


def main() -> None:
    """Write the file and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--text", default="")
    parser.add_argument("--why", type=int, default=1, help="Which result's reasons are open, from 0.")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport=SIZE, color_scheme="dark" if arguments.dark else "light")
        ask(page, arguments)
        png = small(page.screenshot())
        browser.close()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(png)
    print(f"{arguments.output}: {len(png) / 1024:.0f} KB")


if __name__ == "__main__":
    main()
