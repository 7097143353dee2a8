"""The bytes of an archive: a zip of arrays and JSON, read without trusting its headers.

A zip and the header of an array state their sizes before anything is read. A size larger than the
file itself is refused before memory is allocated.
"""

from __future__ import annotations

import io
import json
import math
import os
import zlib
from collections.abc import Mapping
from tokenize import TokenError
from typing import IO, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from nofb.types import Array

ABOUT = "about.json"
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,  # more than 64 KB of names of fields
}

# What the zip, JSON and array readers raise on damaged bytes.
DAMAGE = (BadZipFile, EOFError, KeyError, OSError, OverflowError, RuntimeError, TypeError,
          ValueError, zlib.error)  # fmt: skip


def pack(file: IO[bytes], about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write JSON values and arrays."""
    with ZipFile(file, "w") as members:
        members.writestr(ABOUT, json.dumps(about, allow_nan=False, ensure_ascii=False, indent=1))
        for name, array in arrays.items():
            with members.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def unpack(file: IO[bytes]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return about.json and the arrays it names; reading a member to its end checks its sum."""
    with ZipFile(file) as members:
        _check_sizes(members, os.fstat(file.fileno()).st_size)
        about = json.loads(members.read(ABOUT))
        return about, {name: _array(members.read(f"{name}.npy")) for name in about["arrays"]}


def _check_sizes(members: ZipFile, size: int) -> None:
    """Refuse members that claim more memory than the file has bytes, before any is read."""
    entries = members.infolist()
    if any(entry.compress_type != ZIP_STORED for entry in entries):
        raise BadZipFile("it holds compressed members, which nofb never writes")
    if sum(entry.file_size for entry in entries) > size:
        raise BadZipFile(f"its members claim more than its {size} bytes")


def _array(content: bytes) -> Array:
    """Return the array of a member; its header must state exactly the bytes that follow it."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    try:
        shape, _, dtype = HEADERS[version](stream)
    except (MemoryError, TokenError) as error:  # Python's parser raises them for too many brackets
        raise ValueError("a header of an array cannot be read") from error
    claimed, held = math.prod(shape) * dtype.itemsize, len(content) - stream.tell()
    if claimed != held and not dtype.hasobject:  # objects are refused elsewhere
        raise ValueError(f"an array of shape {shape} takes {claimed} bytes, but there are {held}")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)
