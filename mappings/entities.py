"""The index of entities: what a thing is called, what it is, how it looks. Versions lie behind an alias, as for documents.

`names` has every name and alias, folded (answers/entities/names.py). `references` are nested: the vectors of one reference
picture each, copied from its document, so that the k nearest references are found without the documents. `name_embedding` is
the entity's name in the joint embedding of pictures and words.
"""

from collections.abc import Mapping

from engine.settings import Settings
from mappings import lucene
from mappings.template import KEYWORD, STORED_ONLY, Json, mark
from mappings.versions import record_weights

REFERENCE_VECTORS = {"similar": "embedding", "products": "products"}  # fields of documents, by the extractor that makes them
NAME_VECTOR, NAME_EXTRACTOR = "name_embedding", "joint"
# The fields of every entity that are not vectors.
CORE: Json = {
    "id": {"type": "keyword"},
    "names": KEYWORD,
    "synset": KEYWORD,
    "type": KEYWORD,
    "loader": KEYWORD,
    "origin": KEYWORD,
    "prior": {"type": "float"},
    "documents": KEYWORD,  # ids of the reference pictures
    "entity": STORED_ONLY,  # names by language, descriptions, facts: what a card shows
}


def body(vectors: Mapping[str, Json], fingerprints: Mapping[str, str], settings: Settings) -> Json:
    """Settings and mappings of an index of entities, checked to be safe for the server.

    `vectors`: the mapping of each vector field that the installation has, by the names above. `fingerprints`: extractor ->
    weights. UnsafeMappingError.
    """
    references = {"document": KEYWORD, **{name: vectors[name] for name in REFERENCE_VECTORS if name in vectors}}
    fields = {**CORE, "references": {"type": "nested", "properties": references}}
    if NAME_VECTOR in vectors:
        fields[NAME_VECTOR] = vectors[NAME_VECTOR]
    made_by = {**REFERENCE_VECTORS, NAME_VECTOR: NAME_EXTRACTOR}
    weights = record_weights({name: [made_by[name]] for name in vectors}, fingerprints)
    index = {"knn": True, "number_of_shards": 1, "number_of_replicas": settings.index_replicas}
    made: Json = {
        "settings": {"index": index},
        "mappings": {"dynamic": "strict", "_meta": {"omma": weights | {"mapping": mark(fields)}}, "properties": fields},
    }
    lucene.check(made)
    return made
