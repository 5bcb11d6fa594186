"""What is known of a model, for people."""

from ranking.learning.measures import NAMES
from ranking.learning.models import Card

MOST_FEATURES = 15


def page(card: Card) -> str:
    """The report in Markdown."""
    head = f"# Model {card.id}\n\n{card.about}\n\n" if card.about else f"# Model {card.id}\n\n"
    return head + "\n\n".join(part for part in (_origin(card), _rankers(card), _gate(card), _features(card)) if part) + "\n"


def _origin(card: Card) -> str:
    sides = ", ".join(f"{count} {name}" for name, count in card.examples.items())
    sources = ", ".join(f"{name} {count}" for name, count in sorted(card.sources.items()))
    versions = ", ".join(f"{name} {number}" for name, number in card.libraries.items())
    return "\n".join([
        f"* made {card.made:%Y-%m-%d %H:%M} UTC by {versions}; objective {card.recipe.objective}, seed {card.recipe.seed}",
        f"* questions: {sides} ({sources})",
        f"* {len(card.recipe.features.names)} features of {len(card.recipe.features.columns)} columns; profile {card.profile}",
        f"* data {card.data[:16]}, model {card.checksum[:16]}, after {card.parent or 'none'}",
    ])  # fmt: skip


def _rankers(card: Card) -> str:
    """Means over held-out questions, ranker by ranker."""
    if not card.metrics:
        return ""
    rows = [f"| {name} | " + " | ".join(f"{figures[m]:.4f}" for m in NAMES) + " |" for name, figures in card.metrics.items()]
    head = ["## Held-out questions", "", "| order | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 1) + "|"]
    return "\n".join([*head, *rows])


def _gate(card: Card) -> str:
    verdict = card.verdict
    if verdict is None:
        return ""
    low, high = verdict.interval
    lines = [
        "## Against the model before it",
        "",
        f"NDCG@10 {verdict.before:.4f} by {verdict.against}, {verdict.after:.4f} now: {verdict.after - verdict.before:+.4f} "
        f"({low:+.4f} to {high:+.4f} with 95 % confidence, p = {verdict.p:.2g}, {verdict.questions} questions). "
        + ("It may take over." if verdict.passed else "It may not take over: " + "; ".join(verdict.reasons) + "."),
        "",
        "| questions | how many | before | now | change |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {s.name} | {s.questions} | {s.before:.3f} | {s.after:.3f} | {s.after - s.before:+.3f} |" for s in verdict.slices
    ]
    return "\n".join(lines)


def _features(card: Card) -> str:
    if not card.gain:
        return ""
    rows = [f"| `{name}` | {gain:.1%} |" for name, gain in list(card.gain.items())[:MOST_FEATURES]]
    return "\n".join(["## What the trees gain by", "", "| feature | share |", "|---|---|", *rows])
