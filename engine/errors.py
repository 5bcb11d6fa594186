"""Every error that Omma raises on purpose.

OmmaError
├── ConfigurationError     a setting is wrong, or a part of the machine is missing (message says how to fix it)
├── EngineUnavailable      OpenSearch or Redis is down or too slow (HTTP 503)
├── UnsafeMappingError     a mapping that would bring down a server without native k-NN libraries
├── WeightsMismatchError   vectors made by other weights than the index holds (HTTP 409)
├── NotFoundError          no such document, job or collection (HTTP 404)
├── InputError             the caller's input cannot be used (HTTP 400)
│   ├── BadPicture         bytes that are not a usable picture; carries a reason code
│   ├── BadQuestion        words, filters or boxes that cannot be understood
│   └── BadSource          a folder or feed that cannot be read
└── FetchError             an address that could not or may not be fetched; carries a reason code
"""


class OmmaError(Exception):
    """The root of the tree; `status` is the HTTP status that a page answers with."""

    status: int = 500


class ConfigurationError(OmmaError):
    """A setting is wrong or a part of the machine is missing; the message says how to fix it."""


class EngineUnavailable(OmmaError):
    """OpenSearch or Redis does not answer, or not in time."""

    status = 503


class UnsafeMappingError(OmmaError):
    """A `knn_vector` mapping that a server without native libraries accepts and then crashes on."""


class WeightsMismatchError(OmmaError):
    """A question's vectors were made by other weights than those of the index."""

    status = 409


class NotFoundError(OmmaError):
    """No such document, job or collection."""

    status = 404


class InputError(OmmaError):
    """The caller's input cannot be used as it is."""

    status = 400


class BadPicture(InputError):
    """Bytes that are not a usable picture."""

    def __init__(self, reason: str, message: str) -> None:
        """`reason` is a short stable code (`truncated`, `empty`, `bomb`, ...); `message` is for people."""
        super().__init__(message)
        self.reason = reason


class BadQuestion(InputError):
    """Words, filters or boxes that cannot be understood; the message lists what is accepted."""


class BadSource(InputError):
    """A folder or feed that cannot be read at all."""


class FetchError(OmmaError):
    """An address that could not, or may not, be fetched."""

    status = 400

    def __init__(self, reason: str, message: str, *, passing: bool = False) -> None:
        """`reason` is a short stable code (`http-404`, `private-address`, ...); `passing`: a retry may succeed."""
        super().__init__(message)
        self.reason = reason
        self.passing = passing
