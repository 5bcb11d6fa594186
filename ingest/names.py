"""Text snippets of the names of files and folders: words that people gave, and names of cameras as they are typed."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from factors.text import Kind, TextSnippet
from ingest.text import camera_name, compounds, stem_of, words_of_stem

NAME_WEIGHT = 0.5  # a name is weaker evidence than text that people wrote
CAMERA_NAME_WEIGHT = 0.3  # of a name that is searched, and says nothing about the picture
MAX_FOLDERS = 5  # above a file whose names are text
# Names of folders that cameras and programs make, or that say only that there are photos in them.
GENERAL_FOLDER = re.compile(
    r"\d{3}[A-Z0-9_]{5}|(?:(?:camera|photos?|pictures?|images?|fotos?|bilder|pics|dcim|uploads?|uploaded|import(?:ed|s)?|export(?:ed|s)?|"
    r"originals?|masters?|albums?|downloads?|takeout|google|icloud|my|from|roll|whatsapp|misc|temp|tmp|new|old|folder|backups?|"
    r"фото|изображения|imagenes|imágenes|immagini|foto's|afbeeldingen|zdjęcia)[\s\d_.-]*)+",
    re.IGNORECASE,
)


def name_snippet(reference: str) -> tuple[TextSnippet, ...]:
    """The words of the file's name in an address or path; for names such as `IMG_1234.jpg`, the name itself."""
    return stem_snippets(stem_of(reference))


def stem_snippets(stem: str) -> tuple[TextSnippet, ...]:
    """The words of a name without suffix; where they were taken apart, or there are none, the name as it is typed, too."""
    words = words_of_stem(stem)
    typed = compounds(stem) if words else camera_name(stem)
    found = []
    if words:
        found.append(TextSnippet(Kind.FILE_NAME, words, weight=NAME_WEIGHT, reason="a file's name"))
    if typed:
        found.append(TextSnippet(Kind.FILE_NAME, typed, weight=CAMERA_NAME_WEIGHT, reason="a file's name, to be found by"))
    return tuple(found)


def is_camera_name(snippet: TextSnippet) -> bool:
    """Whether it is a name such as `IMG_1234`, which is searched and has no meaning."""
    return snippet.kind is Kind.FILE_NAME and bool(camera_name(snippet.text))


def folder_snippets(reference: str) -> Iterator[TextSnippet]:
    """The words of the folders of a relative path, the nearest folder first; general names have none."""
    folders = [folder.name for folder in PurePosixPath(reference).parents if folder.name]
    found = (words_of_stem(name) for name in folders[:MAX_FOLDERS] if not GENERAL_FOLDER.fullmatch(name))
    for words in dict.fromkeys(filter(None, found)):
        yield TextSnippet(Kind.FOLDER_NAME, words, weight=NAME_WEIGHT, reason="a folder's name")
