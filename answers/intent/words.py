"""Words that say what a picture question is asked for, in the languages that most people ask in.

Only words that name the goal itself: names of things (shoe, church) are left to the picture.
"""

import re
from collections.abc import Mapping

from query.answer import Goal

# Parts of words in lower case: each begins at the beginning of a word, and ends with it where it ends with "$".
GOAL_WORDS: Mapping[Goal, tuple[str, ...]] = {
    "identify": (
        "what is", "what's", "what are", "what kind", "which kind", "identify", "name of", "called$",
        "was ist", "was für", "wie heißt", "qu'est", "c'est quoi", "quel est", "qué es", "que es", "cosa è", "cos'è", "che cos",
        "что это", "что за", "wat is",
    ),
    "similar": (
        "similar", "like this", "alike$", "more of", "ähnlich", "semblable", "similaire", "parecid", "simile$", "simili$",
        "похож",
    ),
    "shop": (
        "buy$", "buying$", "price", "cost$", "costs$", "how much", "cheap", "shop$", "order$", "for sale", "sale$",
        "where to get",
        "kaufen$", "preis", "kostet$", "billig", "acheter$", "prix$", "combien", "comprar$", "precio", "cuánto", "barato",
        "comprare$", "prezzo$", "quanto costa", "купить$", "цена$", "сколько стоит", "kopen$", "prijs$",
    ),
    "read": (
        "read$", "text$", "translate", "translation$", "transcri", "ocr$", "copy the text", "what does it say",
        "written$", "total$",
        "lesen$", "übersetz", "lire$", "texte$", "tradu", "leer$", "texto$", "leggi", "testo$", "прочита", "перев", "текст$",
    ),
    "copy": (
        "original$", "source of", "same picture", "same photo", "larger", "bigger",
        "higher resolution", "high resolution", "where is this picture", "copies", "copyright", "stolen$", "woher", "quelle$",
        "même image", "misma foto", "stessa foto", "оригинал", "источник",
    ),
    "person": (
        "who$", "who's", "whose face", "person$", "actor$", "actress$", "celebrity$", "wer ist", "wer sind", "qui est", "quién",
        "quien es", "chi è", "кто$", "wie is",
    ),
    "place": (
        "where is", "where's", "where was", "location$", "which city", "which town", "landmark", "place$", "map$", "wo ist",
        "wo liegt", "où est", "où se", "dónde", "donde está", "dove$", "dov'è", "где$", "waar is",
    ),
    "pattern": (
        "pattern", "texture", "style$", "fabric$", "motif", "same colour", "same color", "colours$", "colors$", "muster$",
        "stoff$", "stil$", "tissu$", "tela$", "estilo", "patrón", "tessuto$", "stile$", "узор", "ткань", "стиль",
    ),
}  # fmt: skip
_MATCHERS = {
    goal: re.compile("|".join(rf"\b{re.escape(word.rstrip('$'))}" + (r"\b" if word.endswith("$") else "") for word in words))
    for goal, words in GOAL_WORDS.items()
}


def goals_in(text: str) -> frozenset[Goal]:
    """The goals that the words of a question name; "where is this picture from" asks for copies, not for a place."""
    lowered = " ".join(text.casefold().split())
    found = {goal for goal, matcher in _MATCHERS.items() if matcher.search(lowered)}
    return frozenset(found - {"place"} if "copy" in found else found)
