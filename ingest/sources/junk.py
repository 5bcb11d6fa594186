"""What file systems, NAS, cameras and programs leave beside photos and is no photo: thumbnails, previews, bins."""

import os
from collections.abc import Sequence
from pathlib import Path

HIDDEN = "hidden files"
NAS = "files in thumbnails and bins of a NAS"
BIN = "files in bins of deleted files"
PROGRAM = "previews and working copies that a program keeps"
CAMERA = "thumbnails of videos that a camera keeps"
SYSTEM = "files of the file system"
RAW = "raw photos, which are not read"
OTHER = "files that are no pictures"

# Names of folders in lower case. Names that people also give to albums (`thumbs`, `Cache`) count below certain folders only.
FOLDERS = {
    **dict.fromkeys(("@eadir", "@tmp", "@sharebin", "#snapshot", "@recently-snapshot"), NAS),
    **dict.fromkeys(("#recycle", "@recycle", "trashbox", "network trash folder"), NAS),
    **dict.fromkeys(("$recycle.bin", "recycler", "files_trashbin"), BIN),
    **dict.fromkeys(("lost+found", "system volume information", "found.000", "__macosx", "temporary items"), SYSTEM),
    **dict.fromkeys(("ipod photo cache", "imovie cache", "imovie thumbnails", "files_versions"), PROGRAM),
    **dict.fromkeys(("thmbnl",), CAMERA),
}
FOLDER_ENDS = {".lrdata": PROGRAM, ".lrcat-data": PROGRAM}
FILE_STARTS = {"synophoto_thumb": NAS, "synofile_thumb": NAS, "synovideo_": NAS, "albumart_{": PROGRAM, "~$": PROGRAM}
# Folder, or end of its name -> beginnings of the names of those folders in it that hold no photos.
INSIDE = {
    "captureone": ("cache", "settings"),
    ".cocatalog": ("cache", "backup"),
    ".lrlibrary": ("previews", "smart previews", "cr_previews", "caches"),
}
# Libraries of Apple's programs: only these folders in them hold photos.
LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary")
LIBRARY_ORIGINALS = ("originals", "masters")
RAW_SUFFIXES = frozenset(
    "3fr,arw,cr2,cr3,crw,dcr,dng,erf,fff,iiq,kdc,mef,mos,mrw,nef,nrw,orf,pef,raf,raw,rw2,rwl,sr2,srf,srw,x3f".split(",")  # noqa: SIM905
)


def why_left_out(parents: Sequence[str], name: str, *, is_folder: bool) -> str:
    """Why an entry of a folder is no photo, in words; empty where it may be one, or a folder of them.

    `parents`: names of the folders above it, from the ingested folder on, without that folder itself.
    """
    if name.startswith("."):
        return HIDDEN
    lowered = name.lower()
    if not is_folder:
        return next((why for start, why in FILE_STARTS.items() if lowered.startswith(start)), "")
    if lowered in FOLDERS:
        return FOLDERS[lowered]
    if found := next((why for end, why in FOLDER_ENDS.items() if lowered.endswith(end)), ""):
        return found
    return PROGRAM if _is_inner(parents, lowered) else ""


def kind_of_file(suffix: str) -> str:
    """What a file without the suffix of an image format is, in words."""
    lowered = suffix[1:].lower()
    return RAW if lowered in RAW_SUFFIXES else OTHER


def count_files(folder: Path) -> int:
    """Number of files below a folder, links not followed; a folder that cannot be read counts as one."""
    number, waiting = 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        number += 1
        except OSError:
            number += 1
    return number


def _is_inner(parents: Sequence[str], lowered: str) -> bool:
    """Whether it is a folder that a program keeps inside a library, catalogue or session of its own."""
    if not parents:
        return False
    above = parents[-1].lower()
    if above.endswith(LIBRARIES):
        return lowered not in LIBRARY_ORIGINALS
    around = [parent.lower() for parent in parents]
    return any(lowered.startswith(starts) and any(parent.endswith(end) for parent in around) for end, starts in INSIDE.items())
