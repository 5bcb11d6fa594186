"""Products: results that are offers, with price and site."""

from collections.abc import Mapping
from typing import ClassVar

from answers.neighbours import site_of
from answers.part import NEAREST, Found, Part, item_of
from query.answer import AnswerPart, Goal, Result


class Products(Part):
    """Offers in the order of the results."""

    name: ClassVar[str] = "products"
    title: ClassVar[str] = "Products"
    goals: ClassVar[Mapping[Goal, float]] = {"shop": 1.0, "identify": 0.2, "similar": 0.2}

    def make(self, found: Found) -> AnswerPart | None:
        """Each result that has a price."""
        offers = [result for result in found.answer.results if result.price is not None]
        prices = sorted(result.price for result in offers if result.price is not None)
        span = f", from {prices[0]:g} to {prices[-1]:g}" if len(set(prices)) > 1 else ""
        reason = f"{len(offers)} of the results {'have' if len(offers) != 1 else 'has'} a price{span}."
        far = all(result.price is None for result in found.answer.results[:NEAREST])
        reason = f"{reason.removesuffix('.')}; the closest have none." if far else reason
        return self.part(reason, [item_of(result, _sites(result)) for result in offers], perhaps=far)


def _sites(result: Result) -> str:
    """The sites that offer it."""
    return ", ".join(dict.fromkeys(filter(None, (site_of(source.model_dump()) for source in result.sources))))
