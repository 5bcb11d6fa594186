"""Saved web sites: every image with the text of its page, nothing from outside the folder."""

import base64
from pathlib import Path

import pytest

from engine.errors import BadSource
from engine.settings import Settings
from factors.text import Kind
from ingest.item import Item
from ingest.sources import Refusal, Source, open_source
from ingest.sources.folder import FolderSource
from ingest.web import page as pages
from tests.ingest.pictures import encoded, pixels, png, write_all


def read(source: Source, only: list[str] | None = None) -> tuple[dict[str, Item], dict[str, Refusal]]:
    found = list(source.items(only))
    items = {one.reference: one for one in found if isinstance(one, Item)}
    refusals = {one.reference: one for one in found if isinstance(one, Refusal)}
    assert len(items) + len(refusals) == len(found), "references are unique"
    return items, refusals


def html(body: str, head: str = "", lang: str = "en") -> bytes:
    return f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'.encode()


def by_kind(item: Item) -> dict[Kind, list[str]]:
    found: dict[Kind, list[str]] = {}
    for snippet in item.snippets:
        if not snippet.is_trash:
            found.setdefault(snippet.kind, []).append(snippet.text)
    return found


def apart(item: Item) -> dict[str, str]:
    return {snippet.text: snippet.reason for snippet in item.snippets if snippet.is_trash}


@pytest.fixture()
def site(tmp_path: Path) -> Path:
    made = tmp_path / "saved"
    made.mkdir()
    return made


def opened(site: Path, settings: Settings) -> Source:
    return open_source(f"site:{site}", settings=settings)


def test_a_saved_page_gives_its_pictures_with_everything_said_of_them(site: Path, settings: Settings) -> None:
    body = """
      <nav><a href="/">Home</a> <a href="/about">About us</a></nav>
      <main><h1>Foxes in winter</h1>
      <p>Snow came early. Below the old barn lives a family of foxes. <img src="fox_files/fox.png"
        alt="A red fox asleep in the snow" title="Vixen at rest"> She wakes at dusk to hunt for mice. Then it is night.</p>
      <figure><a href="fox_files/den.png" title="The den, larger"><img src="fox_files/den-small.png" width="200"></a>
        <figcaption>The den under the roots</figcaption></figure></main>
      <footer>© 2024 Barn Blog. All rights reserved.</footer>"""
    write_all(site, {"fox.html": html(body, "<title>Foxes in winter | Barn Blog</title>")})
    write_all(site, {f"fox_files/{name}.png": png(n) for n, name in enumerate(("fox", "den", "den-small"))})
    items, refusals = read(opened(site, settings))
    assert not refusals
    assert list(items) == ["fox.html > fox_files/fox.png", "fox.html > fox_files/den.png"], "the larger copy behind the link"
    fox, den = items.values()
    assert by_kind(fox)[Kind.ALT] == ["A red fox asleep in the snow"] and by_kind(fox)[Kind.TITLE] == ["Vixen at rest"]
    assert by_kind(fox)[Kind.HEADING] == ["Foxes in winter"] and by_kind(fox)[Kind.PAGE_TITLE] == [
        "Foxes in winter",
        "Barn Blog",
    ]
    assert by_kind(fox)[Kind.NEARBY] == [
        "Below the old barn lives a family of foxes.",
        "She wakes at dusk to hunt for mice.",
    ]
    assert by_kind(den)[Kind.CAPTION] == ["The den under the roots"] and by_kind(den)[Kind.ANCHOR] == ["The den, larger"]
    assert not any("rights" in snippet.text or "About" in snippet.text for item in items.values() for snippet in item.snippets)
    source = opened(site, settings)
    assert source.store.original(den.original) == png(1) and {
        snippet.language for snippet in fox.snippets if snippet.kind is not Kind.FILE_NAME
    } == {"en"}
    assert (fox.source, fox.page, fox.collection) == (f"site:{site}", "fox.html", "saved")


def test_lazy_pictures_and_srcsets_give_the_real_one(site: Path, settings: Settings) -> None:
    body = """<img src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==" data-src="a.png">
      <img src="small.png" srcset="b-300.png 300w, b-1200.png 1200w, b-9000.png 9000w" alt="wide one">
      <picture><source srcset="c.png 1x, c2.png 2x"><img src="c0.png" alt="dense one"></picture>
      <img class="lazy" src="spacer.gif"><noscript><img src="d.png" alt="without scripts"></noscript>
      <div style="background-image: url('e.png')"></div>
      <img src="pixel.gif" width="1" height="1"><img src="i.png" width=16 height=16>
      <img src="garbage.png" srcset=",,, 2q x, , a 9q" alt="garbage">"""
    names = ("a", "b-1200", "b-300", "b-9000", "c2", "c", "d", "e", "small", "garbage", "i")
    write_all(site, {"p.html": html(body)} | {f"{name}.png": png(n) for n, name in enumerate(names)})
    items, refusals = read(source := opened(site, settings))
    shown = [reference.partition(" > ")[2] for reference in items]
    assert shown == ["a.png", "b-1200.png", "c2.png", "d.png", "e.png", "garbage.png"] and not refusals
    assert source.skipped == 3, "a spacer, a tracking pixel and an icon"


def test_what_is_not_in_the_folder_is_left_to_a_worker_and_data_is_kept(site: Path, settings: Settings) -> None:
    inline = base64.b64encode(encoded(pixels(3, 300, 200))).decode()
    body = f"""<img src="https://example.org/a/fox.jpg?w=9#top" alt="A fox far away"><img src="img/x.png" alt="Missing here">
      <img src="/img.php%3Fid=3"><img src="data:image/png;base64,{inline}" alt="Within the page">"""
    saved = b"<!-- saved from url=(0023)https://example.org/q/p -->"
    write_all(site, {"p.html": saved + html(body), "img.php?id=3": png(1)})
    items, refusals = read(source := opened(site, settings))
    found = {item.snippets[0].text if item.snippets else "": item for item in items.values()}
    assert found["A fox far away"].address == "https://example.org/a/fox.jpg?w=9"
    assert (
        found["Missing here"].address == "https://example.org/q/img/x.png"
        and found["Missing here"].page == "https://example.org/q/p"
    )
    assert source.store.original(items["p.html > /img.php%3Fid=3"].original) == png(1)
    assert source.store.original(found["Within the page"].original) == encoded(pixels(3, 300, 200)) and not refusals


def test_nothing_outside_the_folder_is_read(site: Path, settings: Settings) -> None:
    write_all(site.parent, {"secret.png": png(9)})
    (site / "out.png").symlink_to(site.parent / "secret.png")
    (site / "out.html").symlink_to("/etc/hostname")
    body = f"""<img src="../secret.png"><img src="%2e%2e/secret.png"><img src="out.png">
      <img src="file://{site.parent}/secret.png"><img src="javascript:alert(1)"><img src="blob:x">"""
    write_all(site, {"p.html": html(body)})
    items, refusals = read(opened(site, settings))
    assert not items
    outside = {name for name, refusal in refusals.items() if refusal.reason == "outside"}
    written = ("../secret.png", "%2e%2e/secret.png", "out.png", f"file://{site.parent}/secret.png")
    assert outside == {"out.html", *(f"p.html > {one}" for one in written)}
    assert set(refusals) == outside


def test_a_base_that_leads_elsewhere_does_not_hide_what_is_here(site: Path, settings: Settings) -> None:
    body = '<img src="here.png" alt="Here it is"><img src="there.png" alt="There it is">'
    write_all(site, {"p.html": html(body, '<base href="https://example.net/x/">'), "here.png": png(1)})
    items, _ = read(opened(site, settings))
    assert items["p.html > here.png"].original and items["p.html > there.png"].address == "https://example.net/x/there.png"


def test_product_data_go_to_the_picture_that_they_name(site: Path, settings: Settings) -> None:
    structured = """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [{"@type": "Product",
      "name": "Enamel mug Fjord", "image": {"@type": "ImageObject", "url": "img/mug-800x800.png"}, "sku": "EM-7",
      "brand": {"@type": "Brand", "name": "Nordkopp"}, "category": "Mugs", "description": "Steel with a blue glaze.",
      "offers": {"@type": "Offer", "price": "14,50", "priceCurrency": "EUR"}}]}</script>
      <script type="application/ld+json">{broken</script>"""
    body = """<main><h1>Enamel mug</h1><img src="img/mug-300x300.png">
      <ul class="related"><li><img src="img/pot.png" alt="Pot"></ul></main>"""
    shop = """<div itemscope itemtype="https://schema.org/Product"><span itemprop="name">Iron pan</span>
      <img itemprop="image" src="img/pan.png">"""
    write_all(site, {"mug.html": html(body, structured), "pan.html": html(shop + '<meta itemprop="sku" content="P-1"></div>')})
    write_all(site, {f"img/{name}.png": png(n) for n, name in enumerate(("mug-300x300", "pot", "pan"))})
    items, _ = read(opened(site, settings))
    mug, pot, pan = (
        items[f"{page} > img/{name}.png"]
        for page, name in (("mug.html", "mug-300x300"), ("mug.html", "pot"), ("pan.html", "pan"))
    )
    assert by_kind(mug)[Kind.PRODUCT] == ["Enamel mug Fjord"] and by_kind(mug)[Kind.CAPTION] == ["Steel with a blue glaze."]
    assert (mug.price, mug.category, mug.facets) == (14.5, "Mugs", {"brand": "Nordkopp", "sku": "EM-7"})
    assert pot.price is None and Kind.PRODUCT not in by_kind(pot) and not pot.facets
    assert by_kind(pan)[Kind.PRODUCT] == ["Iron pan"] and pan.facets == {"sku": "P-1"}


def test_an_image_of_a_page_with_the_separator_in_its_name_is_read_again(site: Path, settings: Settings) -> None:
    write_all(site, {"Shop > Mugs.html": html('<img src="mug.png" alt="A mug">'), "Shop": b"", "mug.png": png(1)})
    reference = "Shop > Mugs.html > mug.png"
    assert [one.reference for one in opened(site, settings).items(only=[reference])] == [reference]


def test_what_the_whole_site_says_is_kept_apart_with_its_count(site: Path, settings: Settings) -> None:
    for n, name in enumerate(("fox", "owl", "hare", "deer", "newt")):
        body = f"""<img src="logo.png" alt="Barn Blog"><h2>The {name}</h2><p>We met a {name} near the river.</p>
          <img src="{name}.png" alt="A wild {name}"><p>Made with love in the valley.</p>"""
        write_all(
            site,
            {f"{name}.html": html(body, f"<title>The {name} | Barn Blog</title>"), f"{name}.png": png(n), "logo.png": png(99)},
        )
    items, _ = read(opened(site, settings))
    owl, logo = items["owl.html > owl.png"], items["owl.html > logo.png"]
    assert by_kind(owl)[Kind.ALT] == ["A wild owl"] and by_kind(owl)[Kind.PAGE_TITLE] == ["The owl"]
    assert apart(owl) == dict.fromkeys(("Barn Blog", "Made with love in the valley."), "said on 5 of 5 pages of this site")
    assert "The owl" in apart(logo) and "stands on 5 of 5 pages" in apart(logo)["The owl"], (
        "a page's title is not about the logo"
    )


def test_broken_pages_end_in_an_outcome_each_and_reading_goes_on(
    site: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_PICTURES", 50)
    deep = b"<div>" * 50_000 + b'<img src="a.png">'
    many = b"".join(b'<img src="a.png?%d">' % n for n in range(200))
    wide = html('<img src="a.png" alt="In front">') + b" x" * 6_000_000 + b'<img src="b.png">'
    frames = html(
        '<frameset><frame src="frames.html"></frameset><iframe src="frames.html"></iframe><img src="a.png" alt="framed">'
    )
    cyrillic = html('<img src="a.png" alt="Рыжая лиса">', lang="ru").decode().replace("utf-8", "windows-1251").encode("cp1251")
    wrong = html('<img src="a.png" alt="Füchse – wild">').decode().replace("utf-8", "no-such-set").encode("cp1252")
    broken = b'<p><b><img src="a.png" alt="half < open"><table><div></p><a href="x.html'
    write_all(
        site, {"a.png": png(1), "b.png": png(2), "empty.html": b"", "deep.html": deep, "many.html": many, "wide.html": wide}
    )
    write_all(
        site,
        {"frames.html": frames, "set.html": cyrillic, "wrong.html": wrong, "zero.html": b"\0\0\xff", "broken.html": broken},
    )
    items, refusals = read(opened(site, settings))
    assert {name: refusal.reason for name, refusal in refusals.items()} == {
        "empty.html": "page-empty", "deep.html": "page-empty", "many.html": "page-cut", "wide.html": "page-cut"
    }  # fmt: skip
    assert sum(reference.startswith("many.html") for reference in items) == 50
    assert by_kind(items["set.html > a.png"])[Kind.ALT] == ["Рыжая лиса"] and by_kind(items["wrong.html > a.png"])[
        Kind.ALT
    ] == ["Füchse – wild"]
    assert {"wide.html > a.png", "frames.html > a.png", "broken.html > a.png"} <= set(
        items
    ) and "wide.html > b.png" not in items


def test_a_page_is_in_the_language_that_it_is_written_in(site: Path, settings: Settings) -> None:
    words = "<p>" + "Лисица живёт в лесу и охотится на мышей, а зимой спит под старым амбаром у реки. " * 4 + "</p>"
    body = f'{words}<img src="a.png" alt="Лиса"><div lang="de"><p>Hier wohnt er.</p><img src="b.png" alt="Fuchs"></div>'
    write_all(site, {"p.html": html(body, lang="en"), "a.png": png(1), "b.png": png(2)})
    items, _ = read(opened(site, settings))
    languages = {snippet.text: snippet.language for item in items.values() for snippet in item.snippets}
    assert (languages["Лиса"], languages["Fuchs"]) == ("ru", "de")


def test_one_reference_can_be_read_again(site: Path, settings: Settings) -> None:
    write_all(
        site, {"p.html": html('<img src="a.png"><img src="gone.png">'), "q.html": html('<img src="a.png">'), "a.png": png(1)}
    )
    _, refusals = read(opened(site, settings))
    assert list(refusals) == ["p.html > gone.png"]
    write_all(site, {"gone.png": png(2)})
    items, refusals = read(opened(site, settings), ["p.html > gone.png"])
    assert list(items) == ["p.html > gone.png"] and not refusals


def test_a_mirror_with_folders_by_host_is_one_site(site: Path, settings: Settings) -> None:
    body = '<img src="/img/a.png" alt="from the root"><img src="https://cdn.example.org/b.png" alt="from elsewhere">'
    write_all(site, {"example.org/x/p.html": html(body), "example.org/img/a.png": png(1), "cdn.example.org/b.png": png(2)})
    items, refusals = read(opened(site, settings))
    assert len(items) == 2 and not refusals and all(item.original for item in items.values())


def test_a_folder_of_pictures_with_a_page_in_it_stays_a_folder(site: Path, settings: Settings) -> None:
    write_all(site, {"index.html": html('<img src="a.png">'), "a.png": png(1)})
    assert isinstance(open_source(str(site), settings=settings), FolderSource)
    with pytest.raises(BadSource, match="not a folder"):
        open_source(f"site:{site}/index.html", settings=settings)
    again = open_source(**opened(site, settings).origin(), settings=settings)
    assert read(again)[0].keys() == {"index.html > a.png"}
