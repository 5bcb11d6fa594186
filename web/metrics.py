"""Metrics for Prometheus: durations of requests and search stages, queue lengths, numbers of documents."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
Gauges = Callable[[], Mapping[tuple[str, str], float]]
GAUGE_LABELS = {
    "omma_documents": ("Pictures in the index.", ""),
    "omma_quarantined": ("Pictures in quarantine.", ""),
    "omma_queue_length": ("Tasks that wait, by queue.", "queue"),
    "omma_jobs": ("Ingest jobs, by state.", "state"),
}


class Metrics:
    """The instruments of one application."""

    def __init__(self) -> None:
        """Make the instruments in a registry of their own."""
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "omma_request_seconds", "Time of requests.", ["route", "method", "status"],
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.stages = Histogram(
            "omma_search_stage_seconds", "Time of each stage of a search.", ["stage"],
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.warnings = Counter(
            "omma_search_warnings", "Searches that were answered without some factor.", registry=self.registry
        )
        self.dropped = Counter(
            "omma_events_lost", "Logged searches and events that could not be written.", registry=self.registry
        )
        self._lost = 0

    def lost(self, dropped: int) -> None:
        """Record how many events this process has lost so far."""
        self.dropped.inc(max(0, dropped - self._lost))
        self._lost = max(self._lost, dropped)

    def observe_search(self, took: Mapping[str, float], warnings: int) -> None:
        """Record the stages of one answer, in milliseconds."""
        for stage, milliseconds in took.items():
            self.stages.labels(stage).observe(milliseconds / 1000)
        if warnings:
            self.warnings.inc()

    def scraped(self) -> CollectorRegistry:
        """The registry that a scrape reads: of all processes where gunicorn runs several, else of this one."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self.registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


class GaugeCollector(Collector):
    """Reads the state of engine and queues at each scrape; the metric `omma_up` is 0 where that fails."""

    def __init__(self, gauges: Gauges) -> None:
        """`gauges` gives values by metric name and label value."""
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family for each metric."""
        try:
            values = self._gauges()
        except Exception:  # a scrape must go through when a server is down: that is when it matters
            logger.warning("state for metrics could not be read", exc_info=True)
            values = {}
        yield GaugeMetricFamily("omma_up", "Whether engine and queues could be read.", value=float(bool(values)))
        for name, (about, label) in GAUGE_LABELS.items():
            family = GaugeMetricFamily(name, about, labels=[label] if label else None)
            for (metric, of), value in values.items():
                if metric == name:
                    family.add_metric([of] if label else [], value)
            yield family


def install(app: Flask, metrics: Metrics) -> None:
    """Time every request by its route: the number of addresses is unbounded."""
    app.before_request(_start)

    def observe(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        started = g.get("started", time.perf_counter())
        metrics.requests.labels(route, request.method, response.status_code).observe(time.perf_counter() - started)
        return response

    app.after_request(observe)


def _start() -> None:
    g.started = time.perf_counter()
