"""The candidate log: questions asked once, with all features of all candidates, so that configurations are compared offline.

For a subset of features, the candidates are those that these features alone would have proposed: without a factor, documents
that only this factor finds are missing. `evaluation.asking` makes the entries.
"""

import base64
import gzip
import io
from collections.abc import Collection, Iterable
from pathlib import Path

from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import ConfigurationError
from ranking.candidate_set import CandidateSet, FusionConfig
from ranking.fusion import ReciprocalRank
from ranking.learning.examples import Example, Part, side_of

THUMBNAIL_SIDE = 96  # px, in a report


class Asked(BaseModel):
    """One question with all candidates of all features. `proposals` and `kept` are positions in the table.

    `took`: milliseconds by stage; `weights`: extractor -> fingerprint in the index that was asked.
    `variant`: the form of the collection (evaluation/unseen/variants.py). `own`: the collection's own question, by which it is
    adapted to, with nothing but its related and unrelated documents in the table (evaluation/unseen/adapted.py).
    """

    model_config = ConfigDict(frozen=True)

    set: str
    topic: str
    family: str
    part: Part | None
    grades: dict[str, int]
    complete: bool = True
    wide: CandidateSet
    proposals: dict[str, list[int]]
    kept: list[int]
    limit: int
    words: str = ""
    picture: str = ""  # a thumbnail as a data address
    took: dict[str, float]
    weights: dict[str, str] = {}
    variant: str = ""
    own: bool = False

    @property
    def side(self) -> Part:
        """The side of the split (ranking/learning/examples.py)."""
        return self.part or side_of(self.family or self.topic)

    def fusion(self, columns: Collection[str] | None = None) -> ReciprocalRank:
        """Rank fusion with the configuration of the search, over all columns or over these."""
        return ReciprocalRank.of(self._fusion_config(columns))

    def example(self, columns: Collection[str] | None = None) -> Example:
        """The question as a ranker gets it, with all features or with these."""
        ids = list(self.wide.table)
        proposals = {c: [ids[at] for at in places] for c, places in self.proposals.items() if _in(c, columns)}
        found = self.fusion(columns).candidates(proposals, self.limit)
        table = {i: {c: v for c, v in self.wide.table[i].items() if _in(c, columns)} for i in found if i in self.wide.table}
        duplicate_pairs = [pair for pair in self.wide.duplicate_pairs if set(pair) <= table.keys()]
        candidate_set = CandidateSet(
            table=table,
            query_features=self.wide.query_features,
            fusion_config=self._fusion_config(columns),
            duplicate_pairs=duplicate_pairs,
        )
        return Example(
            topic=self.topic, candidate_set=candidate_set, grades=self.grades, complete=self.complete, family=self.family,
            set=self.set, variant=self.variant, part=self.part,
        )  # fmt: skip

    def columns_of(self, factors: Collection[str]) -> frozenset[str]:
        """The columns of these factors that the question has."""
        return frozenset(column for column in self.wide.fusion_config.weights if factor_of(column) in factors)

    def _fusion_config(self, columns: Collection[str] | None) -> FusionConfig:
        whole = self.wide.fusion_config
        weights = {column: weight if _in(column, columns) else 0.0 for column, weight in whole.weights.items()}
        return whole.model_copy(update={"weights": weights})


def factor_of(column: str) -> str:
    """The factor that a column belongs to."""
    return column.partition(".")[0]


def _in(column: str, columns: Collection[str] | None) -> bool:
    return columns is None or column in columns


def write(path: Path, asked: Iterable[Asked]) -> int:
    """Write one line of JSON per question, compressed; return their number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, count = path.with_name(f".{path.name}.part"), 0
    with gzip.open(temporary, "wt", compresslevel=4) as file:
        for one in asked:
            file.write(one.model_dump_json() + "\n")
            count += 1
    temporary.replace(path)
    return count


def read(path: Path) -> list[Asked]:
    """Inverse of `write`; ConfigurationError where the file is no such log."""
    try:
        with gzip.open(path, "rt") as file:
            return [Asked.model_validate_json(line) for line in file]
    except (OSError, UnicodeDecodeError, EOFError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ConfigurationError(f"{path.name} is no candidate log, as `omma rank collect` writes it: {reason}") from error


def weights_of(asked: Iterable[Asked]) -> dict[str, str]:
    """Extractor -> fingerprint, the same for all questions; ConfigurationError if they differ."""
    found: dict[str, str] = {}
    for one in asked:
        if differing := sorted(name for name, mark in one.weights.items() if found.get(name, mark) != mark):
            raise ConfigurationError(f"the candidate logs were made with different weights of {', '.join(differing)}")
        found |= one.weights
    return found


def data_address(data: bytes) -> str:
    """A thumbnail of a picture, as a data address."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
