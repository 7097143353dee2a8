"""Small stand-ins for data sets, their files and their mirrors."""

from __future__ import annotations

import gzip
import hashlib
import struct
from dataclasses import replace

import numpy as np

from nofb import datasets
from nofb.datasets import sources


def idx_bytes(array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def tiny_idx_contents(n_train=20, n_test=10):
    """Image i is uniformly of brightness i, plus 100 in the test file; its label is i % 10."""
    contents = []
    for n, offset in ((n_train, 0), (n_test, 100)):
        brightness = offset + np.arange(n)
        contents.append(idx_bytes(np.tile(brightness[:, None, None], (1, 28, 28))))
        contents.append(idx_bytes(np.arange(n) % 10))
    return contents


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def source_of(source, contents):
    """Return the source with the hashes of stand-in files."""
    files = [
        replace(file, sha256=sha256(content), largest=len(content))
        for file, content in zip(source.files, contents, strict=True)
    ]
    return replace(source, files=tuple(files))


def write_files(folder, contents, packed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in zip(sources.MNIST.files, contents, strict=True):
        name = file.name if packed else file.name.removesuffix(".gz")
        (folder / name).write_bytes(gzip.compress(content) if packed else content)


class Mirrors:
    """Replaces pooch's HTTP downloader: serves its contents and records the requests."""

    def __init__(self, monkeypatch):
        self.served: dict[str, bytes] = {}
        self.failures: dict[str, Exception] = {}
        self.asked: list[str] = []
        monkeypatch.setattr("pooch.HTTPDownloader", lambda progressbar: self)

    def __call__(self, url, output_file, pooch):
        self.asked.append(url)
        if url not in self.served:
            # requests raises an OSError; it comes after half of the file was written.
            output_file.write(b"half a file")
            raise self.failures.get(url, OSError(f"no route to {url}"))
        output_file.write(self.served[url])


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def where(name):
    return next(row.where for row in datasets.describe() if row.name == name)
