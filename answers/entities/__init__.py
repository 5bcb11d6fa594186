"""Entities: things that have a name, and the one that a question shows."""

from answers.entities.card import CardReason, EntityCard, Offer
from answers.entities.identification import Identification, identify

__all__ = ["CardReason", "EntityCard", "Identification", "Offer", "identify"]
