"""Every setting of Omma, read from the environment with the prefix `OMMA_`.

`omma docs` writes `docs/reference/settings.md` from this class; a test compares the two.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.errors import ConfigurationError
from engine.setting_forms import PREFIX, Folders, Names, Port, Prefix, Rate, Weights, complaint


def default_home() -> Path:
    """Where services keep data: `/var/lib/omma` for root, the XDG data folder for everyone else."""
    if os.geteuid() == 0:
        return Path("/var/lib/omma")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "omma"


class Settings(BaseSettings):
    """One flat table of settings; each has a description that the documentation repeats.

    Values are plain text, never JSON: `engine.setting_forms` reads lists and tables. An empty variable counts as not set:
    a file of variables can then name settings without a value.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        enable_decoding=False,
        allow_inf_nan=False,
        populate_by_name=True,
    )

    home: Path = Field(default_factory=default_home, description="Folder of servers, data, logs and caches.")

    # The engine
    opensearch_url: str = Field("", description="An existing cluster, several separated by commas; empty: the embedded one.")
    opensearch_user: str = Field("", description="User name for the cluster.")
    opensearch_password: SecretStr = Field(SecretStr(""), description="Password for the cluster.")
    opensearch_ca: str = Field("", description="CA bundle for the cluster's certificate.")
    opensearch_verify: bool = Field(True, description="Whether the cluster's certificate is checked.")
    opensearch_port: Port = Field(9200, description="HTTP port of the embedded server.")
    opensearch_heap: str = Field("1g", description="Heap of the embedded server.")
    opensearch_timeout: float = Field(10.0, gt=0, description="Seconds that a search may take before the answer is a 503.")
    redis_url: str = Field("", description="An existing Redis (`redis://` or `rediss://`); empty: one started here.")
    redis_ca: str = Field("", description="CA bundle for a `rediss://` address.")
    redis_port: Port = Field(6479, description="Port of the Redis started here.")
    index_prefix: Prefix = Field("omma", description="Prefix of every index and alias.")
    index_shards: int = Field(1, ge=1, description="Primary shards of a new index.")
    index_replicas: int = Field(0, ge=0, description="Replicas of a new index.")
    store_url: str = Field("", description="fsspec address of originals and thumbnails; empty: a folder in the home.")

    # Extractors
    profile: Literal["packaged", "hub"] = Field("packaged", description="Which models extract features.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where models run.")
    threads: int = Field(0, ge=0, description="Threads of one model session; 0: all cores.")
    ocr_engine: Literal["rapidocr", "tesseract", "agreement"] = Field(
        "rapidocr",
        description="The reader of text: PP-OCR (Tesseract where it lacks a script), Tesseract, or both, each line compared.",
    )
    ocr_languages: str = Field("eng+rus", description="Languages to read, by Tesseract's names, joined by `+`.")
    object_confidence: float = Field(0.4, gt=0, lt=1, description="Least confidence of an object that counts.")
    text_threshold: float = Field(
        0.2, ge=0, le=1, description="Probability of text from which a picture is read; 0: every picture is read."
    )
    embedding_model: str = Field(
        "",
        description="Model of extractor `embedding`: `packaged`, or a hub's id or local folder (transformers); empty: the "
        "profile's.",
    )
    objects_model: str = Field(
        "", description="Model of extractor `objects`: `packaged`, or a YOLO file or its published name; empty: the profile's."
    )
    joint_model: str = Field(
        "",
        description="Model of extractor `joint`: `packaged`, or a text model whose vectors lie in the space of the embedding "
        "(sentence-transformers; a hub's id or a local folder); empty: the profile's (`hub`: the embedding's own text tower).",
    )
    model_idle: float = Field(0.0, ge=0, description="Seconds after which a model that nobody uses is unloaded; 0: never.")
    max_pixels: int = Field(
        120_000_000,
        gt=0,
        description="A picture with more pixels is refused as a bomb; a JPEG, decoded at a fraction, may have four times more.",
    )
    max_bytes: int = Field(64 * 1024 * 1024, gt=0, description="A picture or upload with more bytes is refused.")
    extractors_off: Names = Field(
        default=(), examples=["objects,text"], description="Extractors that are switched off, with those that need them."
    )
    min_side: int = Field(8, gt=0, description="A picture with a shorter side, in pixels, is refused.")

    # Factors
    plugin_path: Folders = Field(
        default=(),
        validation_alias=AliasChoices("omma_plugin_path", "omma_factor_path"),
        examples=["/srv/omma/plugins,/srv/more"],
        description="Further folders whose files are factors, extractors, sources or evaluation sets.",
    )
    more_columns: Names = Field(
        default=(), examples=["colours"], description="Features that are used although they are disabled by default."
    )

    # Ingest
    batch_size: int = Field(16, ge=1, le=256, description="Pictures in the batch that one task processes.")
    worker_concurrency: int = Field(0, ge=0, description="Processes of one worker; 0: one per core.")
    fetch_private: bool = Field(False, description="Whether private and loopback addresses may be fetched from.")
    fetch_timeout: float = Field(30.0, gt=0, description="Seconds that fetching one picture may take in all.")
    fetch_redirects: int = Field(5, ge=0, description="Redirects that are followed for one picture.")
    warc_fetch: bool = Field(
        False,
        description="Whether pictures that a crawl's pages show but the crawl lacks are fetched; else they are skipped.",
    )
    task_retries: int = Field(4, ge=0, description="Times that a batch is tried again before it goes to quarantine.")
    task_visibility: int = Field(
        900,
        gt=0,
        description="Seconds after which an unacknowledged task goes to another worker, even if its worker seems to live.",
    )
    queue_length: int = Field(64, ge=1, description="Batches that may wait before a reader of a source pauses.")

    # Query
    candidates: int = Field(200, ge=10, le=2000, description="Candidates that each factor may propose.")
    rescored: int = Field(
        40, ge=0, le=200, description="Of them, how many are rescored (keypoints matched one by one); 0: none."
    )
    # 60, the usual constant, is for lists of a thousand; among a few hundred candidates the first ranks must count for more.
    fusion_k: int = Field(5, gt=0, description="The constant of reciprocal-rank fusion.")
    fusion_weights: Weights = Field(
        default_factory=dict,
        examples=["similar=3,labels.words=0.5"],
        description="Weights in rank fusion, by factor or by feature, instead of the factors' own.",
    )
    duplicate_bits: int = Field(4, ge=0, le=12, description="Bits in which hashes of near-duplicates (grouped) may differ.")

    # Ranking
    ranker: Literal["auto", "fusion", "model", "sltr"] = Field(
        "auto",
        description="What orders the results: the model in use (`auto`: rank fusion where there is none), rank fusion, or a "
        "model in the engine (`sltr`, with its Learning to Rank plugin).",
    )
    rank_models: str = Field("", description="Folder of learned models, shared by all processes; empty: one in the home.")
    rank_patience: float = Field(
        50.0, gt=0, description="Milliseconds that a model may take for one question before rank fusion takes over for a while."
    )
    rank_slice_fall: float = Field(
        0.03, ge=0, description="NDCG@10 that one kind of question may lose to a new model that is better as a whole."
    )
    rank_judgements: int = Field(200, ge=1, description="New judgements after which a model is trained.")
    rank_hours: float = Field(
        24.0, gt=0, description="Hours after which a model is trained whatever the number of new judgements."
    )
    adapt: bool = Field(
        True, description="Whether the cutoff is calibrated on the collection itself after an ingest has changed it by a fifth."
    )
    adapt_minutes: float = Field(10.0, gt=0, description="Minutes that this may take.")
    tags: bool = Field(
        True, description="Whether documents get tags from the text of similar ones after an ingest, or when that has changed."
    )
    tag_minutes: float = Field(10.0, gt=0, description="Minutes that this may take at a time; the rest is done later.")
    feedback_more: float = Field(
        1.0, ge=0, le=10, description="Weight of the mean of documents marked `more`, relative to the question (Rocchio)."
    )
    feedback_less: float = Field(0.5, ge=0, le=10, description="Weight of the mean of those marked `less`, taken away.")
    diversity: float = Field(
        0.0, ge=0, lt=1, description="How much results should differ from those above them (MMR); 0: relevance alone."
    )

    # Events
    events: Literal["off", "consent", "on"] = Field(
        "consent", description="Whether searches and clicks are logged: never, of visitors who agreed, or always."
    )
    events_days: int = Field(90, ge=1, description="Days after which logged searches and clicks are deleted.")
    ubi_queries: str = Field("ubi_queries", description="Index of searches (User Behavior Insights).")
    ubi_events: str = Field("ubi_events", description="Index of events (User Behavior Insights).")
    click_model: Literal["pbm", "coec"] = Field("pbm", description="Click model that turns clicks into judgements.")
    click_support: int = Field(5, ge=1, description="Impressions of a document below which its clicks do not count.")

    # Backups
    backup_folder: str = Field("", description="Folder into which the workers' machine makes backups by itself; empty: none.")
    backup_hours: float = Field(24.0, gt=0, description="Hours from one backup to the next.")
    backup_keep: int = Field(7, ge=0, description="Backups that are kept; 0: all.")

    # Web
    web_host: str = Field("127.0.0.1", description="Address that the page listens on.")
    web_port: Port = Field(8000, description="Port that the page listens on.")
    api_token: SecretStr = Field(SecretStr(""), description="Bearer token; required when listening beyond the loopback.")
    web_threads: int = Field(8, ge=1, description="Requests that the page answers at the same time.")
    web_hosts: Names = Field(
        default=(),
        examples=["omma.example.org,search.example.org"],
        description="Host names that requests may name, besides the loopback's.",
    )
    web_proxies: int = Field(0, ge=0, description="Reverse proxies before the page whose X-Forwarded headers count.")
    web_secret: SecretStr = Field(
        SecretStr(""),
        description="Secret that signs cookies, the same on every host; empty: one kept in the home.",
    )
    web_number: int = Field(24, ge=1, le=100, description="Results on one page of the answer.")
    ingest_roots: Folders = Field(
        default=(),
        examples=["/srv/pictures,/srv/feeds"],
        description="Folders that the page may ingest from, sub-folders included.",
    )
    upload_ttl: int = Field(3600, gt=0, description="Seconds that a picture asked with is kept for further questions.")
    upload_space: int = Field(512 * 1024 * 1024, gt=0, description="Bytes that kept pictures may take; the oldest go first.")
    upload_batch: int = Field(
        512 * 1024 * 1024,
        gt=0,
        description="Bytes of all pictures that one request may add to the collection.",
    )
    rate_limit: Rate = Field("600/minute", description="Requests that one address may make to the page.")
    rate_limit_search: Rate = Field("120/minute", description="Searches that one address may make.")
    rate_limit_upload: Rate = Field("60/minute", description="Pictures that one address may send or have fetched.")
    rate_limit_owner: int = Field(
        100,
        ge=1,
        description="How many times higher these limits, except that of tokens, are for requests with the token, or (where "
        "none is set) from this machine without a proxy.",
    )
    rate_limit_sign_in: Rate = Field("10/minute", description="Tokens that one address may try.")

    def model_of(self, extractor: str) -> str:
        """The model chosen for an extractor (OMMA_<EXTRACTOR>_MODEL); empty: the profile's.

        Extractors of plugins have such a variable too, without a field of this class.
        """
        name = f"{extractor}_model"
        return str(getattr(self, name)) if name in type(self).model_fields else os.environ.get(f"OMMA_{name.upper()}", "")

    @classmethod
    def models(cls) -> list[str]:
        """The built-in extractors whose model a setting chooses."""
        return [name.removesuffix("_model") for name in cls.model_fields if name.endswith("_model") and name != "click_model"]

    @property
    def opensearch_addresses(self) -> list[str]:
        """The addresses of the cluster: those of the setting, or that of the embedded server."""
        named = [part.strip() for part in self.opensearch_url.split(",") if part.strip()]
        return named or [f"http://127.0.0.1:{self.opensearch_port}"]

    @property
    def redis_address(self) -> str:
        """The address of Redis: that of the setting, or of the one started on this machine."""
        return self.redis_url or f"redis://127.0.0.1:{self.redis_port}/0"

    @property
    def rank_folder(self) -> Path:
        """The folder of learned models."""
        return Path(self.rank_models) if self.rank_models else self.home / "ranking"

    @property
    def processes(self) -> int:
        """Processes of one worker."""
        return self.worker_concurrency or _cores()

    @property
    def process_threads(self) -> int:
        """Threads of one model session in a worker's process: its share of the cores."""
        return self.threads or max(1, _cores() // self.processes)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once; ConfigurationError names those that are wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError(complaint(error, Settings.model_fields)) from error
