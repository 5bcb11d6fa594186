"""docs/reference/factors.md, generated from the factors by `omma docs`; a test compares it with the code."""

from collections.abc import Iterable, Sequence

from engine.settings import Settings
from factors.base import Factor, Feature
from factors.registry import FactorRegistry, has_fields, own_factors

INTRODUCTION = """\
# Factors

*Written by `omma docs` from the files in `factors/`; change those.*

A factor is one reason why a document answers a question. One file is one factor: its fields of the mapping, what it keeps of an
image and of linked text, its ranking features, the explanation and this page all come from that file. Files in the folders that
`OMMA_PLUGIN_PATH` names, and entry points of installed packages, take part in the same way
([write your own](../tutorials/write-your-own-factor.md)).

A feature *retrieves* when it proposes candidates of its own; every feature *scores* any candidate exactly, except those that
are *rescored*: computed for the best few candidates only, because no query can compute them. A document without the field has
no value, which is not the same as zero. Values of an *absolute* feature can be compared between questions; *per-query* ones
cannot. The weight is the factor's share in rank fusion (`OMMA_FUSION_WEIGHTS` changes it).
"""
DISABLED = (
    "; disabled by default, because it does not help ([ablation](../measurements/ablation.md)); `OMMA_MORE_COLUMNS` enables it"
)


class _Eight(dict[str, int]):
    """Every vector is eight long: only names of fields are shown."""

    def __missing__(self, key: str) -> int:
        return 8


def page(factors: Sequence[Factor] | None = None) -> str:
    """The whole page, for these factors (by default the built-in ones, whatever the settings add)."""
    chosen = own_factors() if factors is None else factors
    return "\n".join([INTRODUCTION, *_table(chosen), "", *(line for factor in chosen for line in _section(factor))])


def here(settings: Settings) -> str:
    """The page for every factor that takes part in the installation of these settings."""
    return page(FactorRegistry.of(settings).active)


def _table(factors: Iterable[Factor]) -> list[str]:
    head = ["| factor | asks | reads | features | weight |", "|---|---|---|---|---|"]
    return head + [
        f"| [`{f.name}`](#{f.name}) | {f.title} | {_reads(f)} | {_listed(feature.name for feature in f.features)} "
        f"| {f.weight:g} |"
        for f in factors
    ]


def _section(factor: Factor) -> list[str]:
    lines = [f"## {factor.name}", "", factor.about, ""]
    lines += [_feature(factor, feature) for feature in factor.features]
    if has_fields(factor):
        lines.append(f"* fields: {_listed(sorted(factor.fields(_Eight())))}")
    if factor.facets():
        lines.append(f"* facets and filters: {_listed(sorted(factor.facets()))}")
    return [*lines, ""]


def _feature(factor: Factor, feature: Feature) -> str:
    does = "rescored" if feature.rescored else "retrieves and scores" if feature.retrieves else "scores"
    evidence = ", a match is evidence" if feature.retrieval_is_evidence else ""
    missing = ", missing counts as the median" if feature.missing_as == "median" else ""
    return (
        f"* feature `{feature.name}`: compares the question's {feature.compares}, {does}, {feature.scale}{missing}{evidence}, "
        f"weight {factor.weight * feature.weight:g}{'' if feature.enabled_by_default else DISABLED}"
    )


def _reads(factor: Factor) -> str:
    """Extractors, linked text, or what other factors keep."""
    if factor.reads:
        return _listed(factor.reads)
    return "linked text" if factor.snippet_fields else "fields of others"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
