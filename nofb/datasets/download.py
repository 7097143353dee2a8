"""Gets the checked bytes of a file: from NOFB_DATA_DIR, or else the cache, or else a mirror.

A file is refused if its SHA-256 differs from the published one. Reading, downloading and unpacking
stop at the published size.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nofb.datasets.sources import RemoteFile, Source

DATA_VARIABLE = "NOFB_DATA_DIR"
CACHE_VARIABLE = "NOFB_CACHE_DIR"
GZIP_MAGIC = b"\x1f\x8b"


def fetch(source: Source, file: RemoteFile) -> bytes:
    """Return the checked bytes of one file, decompressed if its hash is of the content.

    Raises
    ------
    ValueError
        If the file in NOFB_DATA_DIR is damaged or not the published one.
    ConnectionError
        If no mirror has returned it.
    OSError
        If there is no folder for the download, or no mirror to download from.
    """
    found = find_in_data_directory(source, file)
    if found is not None:
        return checked_content(found, file, str(found))
    if not source.mirrors:
        raise FileNotFoundError(
            f"{_by_hand(source)}: the data set {source.name!r} is not published as one file, so it "
            "cannot be downloaded"
        )
    cached = cache_directory() / source.folder / file.name
    if cached.exists():
        try:
            return checked_content(cached, file, str(cached))
        except ValueError:
            # The cache is ours: a damaged copy in it counts as missing.
            cached.unlink()
    return _download(source, file, cached)


def where(*sources: Source) -> str:
    """Return where the files of a data set are now, without opening them."""
    files = [(source, file) for source in sources for file in source.files]
    found = [find_in_data_directory(source, file) is not None for source, file in files]
    if all(found):
        return f"found in {DATA_VARIABLE}"
    if not all(source.mirrors for source in sources):
        return f"not here: put it in {DATA_VARIABLE}"
    megabytes = sum(source.megabytes for source in sources)
    try:
        folder = cache_directory()
    except FileNotFoundError:
        return f"not here: set {CACHE_VARIABLE} to download it ({megabytes} MB)"
    cached = [(folder / source.folder / file.name).exists() for source, file in files]
    if all(here or there for here, there in zip(found, cached, strict=True)):
        return "cached"
    return f"not here: will be downloaded ({megabytes} MB)"


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
    """Return the folder that keeps downloads: NOFB_CACHE_DIR, else the system's cache folder.

    Raises
    ------
    FileNotFoundError
        If this account has no home folder.
    """
    setting = os.environ.get(CACHE_VARIABLE)
    if setting:
        return Path(setting)
    import pooch  # slow to import, and rarely needed

    try:
        folder = Path(pooch.os_cache("nofb")).expanduser()
    except RuntimeError as error:  # ~ is undefined
        raise FileNotFoundError(
            f"this account has no home to keep downloads in: set {CACHE_VARIABLE} to a folder"
        ) from error
    return folder


def checked_content(path: Path, file: RemoteFile, label: str) -> bytes:
    """Return the bytes at `path` if their hash is the published one; `label` is for the message."""
    if (size := path.stat().st_size) > _most(file):
        raise _refusal(label, f"it has {size} bytes, and {_most(file)} are the most it can have")
    content = path.read_bytes()
    if file.hash_is_of_content and content.startswith(GZIP_MAGIC):
        content = _decompress(content, file, label)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != file.sha256:
        raise _refusal(label, f"its SHA-256 is {sha256}, it must be {file.sha256}")
    return content


def _most(file: RemoteFile) -> int:
    """Return how many bytes a download can have: gzip can make a file a little larger."""
    return file.largest + file.largest // 1000 + 1000


def _refusal(label: str, reason: str) -> ValueError:
    return ValueError(f"{label} is damaged or not the published file: {reason}.")


def _decompress(content: bytes, file: RemoteFile, label: str) -> bytes:
    """Return the unpacked content, but never more than the published size: no gzip bomb."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            unpacked = stream.read(file.largest + 1)
    # A cut file ends in EOFError, damaged bytes in zlib.error or an OSError.
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{label} is not a complete gzip file ({error}).") from error
    if len(unpacked) > file.largest:
        raise _refusal(label, f"it unpacks to more than {file.largest} bytes")
    return unpacked


def _download(source: Source, file: RemoteFile, target: Path) -> bytes:
    failures: list[tuple[str, Exception]] = []
    with _scratch(target.parent) as scratch:
        for mirror in source.mirrors:
            url = mirror + file.name
            try:
                return _download_from(url, file, scratch / file.name, target)
            # Every network error of requests is an OSError; a ValueError is a refused copy.
            except (OSError, ValueError) as error:
                failures.append((url, error))
    raise ConnectionError(
        f"connect to the internet, or {_by_hand(source)}: {source.name} could not be downloaded "
        f"({_reasons(failures)})"
    ) from failures[-1][1]


def _by_hand(source: Source) -> str:
    """Return what to do with files that somebody has."""
    names = ", ".join(file.name for file in source.files)
    return (
        f"put {names} into a folder {source.folder}, and set the environment variable "
        f"{DATA_VARIABLE} to the folder above it"
    )


def _reasons(failures: list[tuple[str, Exception]]) -> str:
    """Return in a few words why no mirror served a file."""
    reasons = [_reason(url, error) for url, error in failures]
    if any(reasons):
        return "; ".join(filter(None, reasons))
    return "no connection to any mirror"


def _reason(url: str, error: Exception) -> str:
    """Return the reason of a failure: empty, if there was no connection."""
    response = getattr(error, "response", None)  # of requests: a mirror said 404, for example
    if response is not None:
        return f"{url}: status {response.status_code}"
    if isinstance(error, OSError):
        return f"{url}: {error.strerror}" if error.strerror else ""  # such as a full disk
    return str(error).rstrip(".")  # a refused copy, with its address


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Within this context there is an empty folder inside the data set's folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=folder)
    except OSError as error:
        raise type(error)(
            f"downloads cannot be kept in {folder} ({error.strerror}): set {CACHE_VARIABLE} to a "
            "folder that can be written"
        ) from error
    with scratch as name:
        yield Path(name)


def _download_from(url: str, file: RemoteFile, part: Path, target: Path) -> bytes:
    """Download to `part`; a file gets its name in the cache after it is complete and checked."""
    import pooch

    with part.open("wb") as stream:
        download = pooch.HTTPDownloader(progressbar=sys.stderr is not None)
        download(url, _Limited(stream, _most(file)), None)
    content = checked_content(part, file, url)
    part.replace(target)
    return content


class _Limited:
    """A file of limited size: an endless download must not fill the disk."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self.stream, self.left = stream, most

    def write(self, content: bytes) -> int:
        self.left -= len(content)
        if self.left < 0:
            raise ValueError("it is longer than the published file")
        return self.stream.write(content)

    def flush(self) -> None:
        self.stream.flush()
