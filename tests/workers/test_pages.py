"""A saved site through the queue and a real worker: its text is found, its trash is kept apart and shown with its reason."""

from pathlib import Path

import pytest
from opensearchpy import OpenSearch

from engine.connections import Context
from engine.settings import Settings
from factors.base import Question
from factors.text import Term, Words
from ingest.quarantine import Quarantine
from ingest.sources import open_source
from mappings.versions import alias
from query.document import show
from tests.factors.scenes import FACTORS
from tests.ingest.pictures import png, write_all
from tests.ingest.test_site import html
from tests.ingest.test_warc import Crawl
from tests.workers.conftest import StartWorker, documents, wait_for_end
from workers.dispatch import Dispatcher

pytestmark = [pytest.mark.queue, pytest.mark.engine]
BIRDS = ("heron", "kestrel", "wagtail", "dipper")


@pytest.fixture()
def site(tmp_path: Path) -> Path:
    made = tmp_path / "birds"
    for number, bird in enumerate(BIRDS):
        body = f"""<nav><a href="/">Start</a> <a href="/shop">Shop</a></nav><main><h1>The {bird}</h1>
          <figure><img src="img/{bird}.png" alt="A {bird} beside the weir"><figcaption>Photo: Jo Reed</figcaption></figure>
          <p>Seen from the hide at Miller's bend.</p></main>"""
        write_all(made, {f"{bird}.html": html(body, f"<title>The {bird} | Weir Watch</title>"), f"img/{bird}.png": png(number)})
    write_all(made, {"broken.html": html('<img src="img/gone.png" alt="A bird that left">')})
    return made


def found_by(client: OpenSearch, settings: Settings, *words: str) -> set[str]:
    clause = FACTORS.by_name("linked_text").clauses(Question(words=Words(tuple(Term(word) for word in words))))[0]
    hits = client.search(index=alias(settings), body={"query": clause.retrieve})["hits"]["hits"]
    return {hit["_source"]["title"] for hit in hits}


def test_a_saved_site_becomes_documents_whose_trash_is_kept_apart(
    site: Path,
    queue_settings: Settings,
    client: OpenSearch,
    start_worker: StartWorker,
) -> None:
    start_worker()
    ended = wait_for_end(
        queue_settings, Dispatcher(Context(queue_settings)).start(open_source(f"site:{site}", settings=queue_settings))
    )
    assert (ended.state, ended.indexed, ended.quarantined) == ("done", 4, 1)
    assert len(documents(client, queue_settings)) == 4
    assert found_by(client, queue_settings, "kestrel") == {"A kestrel beside the weir"}
    assert found_by(client, queue_settings, "reed") == set(), "who took a picture is not what it shows"
    (kestrel,) = [key for key, one in documents(client, queue_settings).items() if "kestrel" in one["title"]]
    texts = {snippet.text: snippet for snippet in show(Context(queue_settings, client), kestrel).texts}
    assert texts["Weir Watch"].is_trash and texts["Weir Watch"].reason == "said on 4 of 5 pages of this site"
    assert not texts["A kestrel beside the weir"].is_trash and texts["Photo: Jo Reed"].is_trash
    again = wait_for_end(
        queue_settings, Dispatcher(Context(queue_settings)).start(open_source(f"site:{site}", settings=queue_settings))
    )
    assert (again.indexed, again.unchanged, again.extracted) == (0, 4, 0)
    _, entries = Quarantine(client, queue_settings).list()
    assert [(entry.reference, entry.reason) for entry in entries] == [("broken.html > img/gone.png", "not-found")]
    write_all(site, {"img/gone.png": png(9)})
    (job,) = Dispatcher(Context(queue_settings)).retry(entries)
    assert wait_for_end(queue_settings, job).indexed == 1 and Quarantine(client, queue_settings).list()[0] == 0


def test_a_crawl_is_read_by_a_worker_by_its_path_alone(
    tmp_path: Path,
    queue_settings: Settings,
    client: OpenSearch,
    start_worker: StartWorker,
) -> None:
    start_worker()
    crawl = Crawl()
    crawl.add(
        "https://example.org/", html('<main><img src="/a.png" alt="A lynx on a rock"><img src="/b.png" alt="Not kept"></main>')
    )
    crawl.picture("https://example.org/a.png", 1)
    path = crawl.write(tmp_path / "lynx.warc.gz")
    ended = wait_for_end(queue_settings, Dispatcher(Context(queue_settings)).request(str(path), ""))
    assert (ended.state, ended.indexed, ended.skipped) == ("done", 1, 1)
    (document,) = documents(client, queue_settings).values()
    assert found_by(client, queue_settings, "lynx") == {"A lynx on a rock"}
    assert document["collections"] == ["lynx"] and document["sources"][0]["page"] == "https://example.org/"
