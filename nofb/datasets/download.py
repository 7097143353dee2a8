"""Get a file's checked bytes: from NOFB_DATA_DIR, else from the cache, else from a mirror.

Nothing is used or kept whose SHA-256 differs from the published one.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import zlib
from pathlib import Path

from nofb.datasets.sources import RemoteFile, Source

DATA_VARIABLE = "NOFB_DATA_DIR"
CACHE_VARIABLE = "NOFB_CACHE_DIR"
GZIP_MAGIC = b"\x1f\x8b"


def fetch(source: Source, file: RemoteFile) -> bytes:
    """Return the checked bytes of one file, decompressed if that is what its hash is of.

    Raises
    ------
    ValueError
        If the file in NOFB_DATA_DIR is damaged or not the published one.
    ConnectionError
        If no mirror delivered it.
    """
    found = find_in_data_directory(source, file)
    if found is not None:
        return checked_content(found, file, str(found))
    cached = cache_directory() / source.folder / file.name
    if cached.exists():
        try:
            return checked_content(cached, file, str(cached))
        except ValueError:
            # The cache is ours: a damaged copy in it is worth no more than a missing one.
            cached.unlink()
    return _download(source, file, cached)


def where(source: Source) -> str:
    """Tell where all files of a data set are now, without opening any of them."""
    found = [find_in_data_directory(source, file) is not None for file in source.files]
    if all(found):
        return f"found in {DATA_VARIABLE}"
    folder = cache_directory() / source.folder
    cached = [(folder / file.name).exists() for file in source.files]
    if all(here or there for here, there in zip(found, cached, strict=True)):
        return "cached"
    return f"not here: will be downloaded ({source.megabytes} MB)"


def find_in_data_directory(source: Source, file: RemoteFile) -> Path | None:
    """Return the file's path in NOFB_DATA_DIR, gzipped or not, or None if it is not there."""
    setting = os.environ.get(DATA_VARIABLE)
    if not setting:
        return None
    if not Path(setting).is_dir():
        raise ValueError(f"{DATA_VARIABLE} is {setting!r}; it must be an existing folder.")
    candidates = [file.name]
    if file.hash_is_of_content:
        candidates.append(file.name.removesuffix(".gz"))
    paths = (Path(setting) / source.folder / name for name in candidates)
    return next((path for path in paths if path.is_file()), None)


def cache_directory() -> Path:
    """Return the folder that keeps downloads: NOFB_CACHE_DIR, else the system's cache folder."""
    setting = os.environ.get(CACHE_VARIABLE)
    if setting:
        return Path(setting)
    import pooch  # slow to import, and most sessions never need it

    return Path(pooch.os_cache("nofb"))


def checked_content(path: Path, file: RemoteFile, label: str) -> bytes:
    """Return the bytes at `path` if their hash is the published one; `label` names them if not."""
    content = path.read_bytes()
    if file.hash_is_of_content and content.startswith(GZIP_MAGIC):
        content = _decompress(content, label)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != file.sha256:
        raise ValueError(
            f"{label} is damaged or not the published file: its SHA-256 is {sha256}, "
            f"it must be {file.sha256}."
        )
    return content


def _decompress(content: bytes, label: str) -> bytes:
    try:
        return gzip.decompress(content)
    # A cut file ends in EOFError, damaged bytes in zlib.error or an OSError.
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{label} is not a complete gzip file ({error}).") from error


def _download(source: Source, file: RemoteFile, target: Path) -> bytes:
    failures: list[tuple[str, Exception]] = []
    for mirror in source.mirrors:
        url = mirror + file.name
        try:
            return _download_from(url, file, target)
        # Every network error of requests is an OSError; a ValueError is a refused copy.
        except (OSError, ValueError) as error:
            failures.append((url, error))
    tried = "; ".join(f"{url}: {error}" for url, error in failures)
    raise ConnectionError(
        f"the data set {source.name!r} could not be downloaded ({tried}); "
        f"{DATA_VARIABLE} can point to a folder that holds {source.folder}/{file.name}."
    ) from failures[-1][1]


def _download_from(url: str, file: RemoteFile, target: Path) -> bytes:
    import pooch

    target.parent.mkdir(parents=True, exist_ok=True)
    # The file gets its name in the cache only once it is whole and checked.
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        part = Path(scratch) / file.name
        pooch.HTTPDownloader(progressbar=True)(url, str(part), None)
        content = checked_content(part, file, url)
        part.replace(target)
    return content
