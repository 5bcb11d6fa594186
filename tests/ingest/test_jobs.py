"""Jobs: exact counts, even if batches are delivered twice."""

import random
from collections.abc import Iterator

import pytest

from engine.connections import connect_redis
from engine.errors import NotFoundError
from engine.settings import Settings
from ingest.jobs import Failure, Jobs, Outcome
from ingest.omissions import Omissions


@pytest.fixture()
def jobs(live_settings: Settings) -> Iterator[Jobs]:
    redis = connect_redis(live_settings)
    yield Jobs(redis, live_settings.index_prefix)
    for key in redis.scan_iter(f"{live_settings.index_prefix}:*"):
        redis.delete(key)


def test_a_job_ends_when_every_item_has_its_outcome(jobs: Jobs) -> None:
    job = jobs.create("pictures", "holiday")
    assert jobs.progress(job).state == "waiting"
    run = jobs.begin(job)
    jobs.beat(job, discovered=2, skipped=1)
    assert jobs.progress(job).state == "reading"
    for number, outcome in enumerate((Outcome.INDEXED, Outcome.UNCHANGED, Outcome.QUARANTINED), start=1):
        jobs.count(job, run, number, outcome)
    reading = jobs.progress(job)
    assert reading.state == "reading" and reading.seconds_left is None, "more may be found"
    jobs.read(job, discovered=3, skipped=4)
    ended = jobs.progress(job)
    assert (ended.state, ended.discovered, ended.done, ended.skipped) == ("done", 3, 3, 4)
    assert (ended.indexed, ended.unchanged, ended.quarantined) == (1, 1, 1)
    assert ended.ended is not None and ended.seconds_left is None


def test_a_job_keeps_what_its_source_left_out_until_it_is_read_again(jobs: Jobs) -> None:
    job = jobs.create("pictures", "holiday")
    jobs.begin(job)
    left_out = Omissions()
    left_out.add("videos", "clip.mp4")
    jobs.beat(job, discovered=1, skipped=1, left_out=left_out)
    assert [str(one) for one in jobs.progress(job).left_out] == ["videos: 1 (clip.mp4)"]
    left_out.add("videos", "film.mov")
    jobs.read(job, discovered=1, skipped=2, left_out=left_out)
    assert [str(one) for one in jobs.progress(job).left_out] == ["videos: 2 (clip.mp4, film.mov)"]
    jobs.begin(job)
    assert jobs.progress(job).left_out == []


def test_outcomes_delivered_in_any_order_and_number_count_once(jobs: Jobs) -> None:
    job = jobs.create("pictures", "holiday")
    run = jobs.begin(job)
    jobs.read(job, discovered=50, skipped=0)
    deliveries = [(number, random.Random(seed).choice(list(Outcome))) for seed in range(4) for number in range(1, 51)]
    random.Random(7).shuffle(deliveries)
    counted = [jobs.count(job, run, number, outcome) for number, outcome in deliveries]
    assert sum(counted) == 50
    progress = jobs.progress(job)
    assert progress.done == 50 and progress.state == "done"


def test_a_new_run_begins_anew_and_late_outcomes_of_the_old_one_count_nothing(jobs: Jobs) -> None:
    job = jobs.create("pictures", "holiday")
    old = jobs.begin(job)
    jobs.count(job, old, 1, Outcome.QUARANTINED, Failure(reference="a.jpg", reason="empty"))
    new = jobs.begin(job)
    assert not jobs.count(job, old, 2, Outcome.INDEXED)
    assert jobs.counted(job, old, [3]) == [True], "nobody needs to look for a run that is over"
    jobs.count_extracted(job, old, 5)
    jobs.count(job, new, 1, Outcome.INDEXED)
    jobs.count_extracted(job, new, 1)
    progress = jobs.progress(job)
    assert (progress.indexed, progress.quarantined, progress.extracted, progress.failures) == (1, 0, 1, [])
    assert jobs.counted(job, new, [1, 2]) == [True, False]


def test_the_latest_failures_are_shown_with_their_reasons(jobs: Jobs) -> None:
    job = jobs.create("pictures", "holiday")
    run = jobs.begin(job)
    for number in range(1, 40):
        jobs.count(job, run, number, Outcome.QUARANTINED, Failure(reference=f"{number}.jpg", reason="empty"))
    failures = jobs.progress(job).failures
    assert len(failures) == 20
    assert str(failures[0]) == "39.jpg: empty"


def test_a_job_whose_reader_is_gone_is_interrupted(jobs: Jobs, live_settings: Settings) -> None:
    job = jobs.create("pictures", "holiday")
    jobs.begin(job)
    connect_redis(live_settings).delete(f"{live_settings.index_prefix}:job:{job}:heartbeat")
    progress = jobs.progress(job)
    assert progress.state == "interrupted" and progress.ended is not None


def test_a_source_that_breaks_ends_the_job_with_its_message(jobs: Jobs) -> None:
    job = jobs.create("feed.csv", "shop")
    jobs.begin(job)
    jobs.fail(job, "feed.csv has no header")
    progress = jobs.progress(job)
    assert (progress.state, progress.message) == ("failed", "feed.csv has no header")


def test_jobs_are_listed_latest_first(jobs: Jobs) -> None:
    made = [jobs.create(f"source {n}", "c") for n in range(3)]
    assert [progress.id for progress in jobs.list()] == made[::-1]
    assert [progress.id for progress in jobs.list(1)] == made[2:]


def test_an_unknown_job_is_not_found(jobs: Jobs) -> None:
    with pytest.raises(NotFoundError):
        jobs.progress("nosuchjob")


def test_deliveries_of_a_batch_are_counted_until_it_is_finished(jobs: Jobs) -> None:
    job = jobs.create("pictures", "holiday")
    assert [jobs.delivered(job, "1:1:16") for _ in range(3)] == [1, 2, 3]
    jobs.finished(job, "1:1:16")
    assert jobs.delivered(job, "1:1:16") == 1


def test_notes_of_damaged_pictures_are_counted_once_and_the_first_are_named(jobs: Jobs) -> None:
    job = jobs.create("pictures", "holiday")
    run = jobs.begin(job)
    for number in [*range(1, 8), 1, 2]:
        jobs.count(job, run, number, Outcome.INDEXED, note=f"{number}.png: damaged")
    jobs.read(job, discovered=7, skipped=0)
    (noted,) = jobs.progress(job).left_out
    assert noted.number == 7 and len(noted.examples) == 5 and "7.png: damaged" in noted.examples
    jobs.begin(job)
    assert jobs.progress(job).left_out == []
