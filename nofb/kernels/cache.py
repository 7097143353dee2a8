"""Compiled kernels on disk: if a cache file is missing or damaged, the kernel is compiled again.

Numba stores compiled code beside the source file, or in a folder of the user. Some accounts cannot
write to either, and a power cut leaves truncated files.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from numba import config
from numba.core.caching import FunctionCache
from numba.core.sigutils import normalize_signature

WARNED = "NOFB_KERNEL_CACHE_WARNED"  # in the environment: worker processes have it too


class KernelCacheWarning(RuntimeWarning):
    """Kernels are compiled again in each process: this takes seconds and changes no result."""


class KernelCache(FunctionCache):
    """Numba's cache of one function, where a damaged or missing file only costs time."""

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Separate code with and without index checks, which Numba mixes."""
        checked = config.BOUNDSCHECK  # type: ignore[attr-defined]  # set by Numba at import
        return *super()._index_key(sig, codegen), checked

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code for a signature, or `None` if it must be compiled."""
        try:
            found = super().load_overload(sig, target_context)
            # Two processes that compile at the same time can store one code under both names.
            if found is None or found.signature.args == normalize_signature(sig)[0]:
                return found
        except Exception:  # unpickling a truncated file can raise anything
            pass
        with suppress(OSError):
            self.flush()  # empties the index, so that the new code replaces the old files
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store compiled code for the next process, if the disk can be written."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            self.disable()
            warn(f"{self.cache_path} cannot be written: {error.strerror or error}")


def attach(compiled: Any, function: Callable[..., object]) -> None:
    """Let Numba store the code of a function on disk, if there is a place for it."""
    try:
        compiled._cache = KernelCache(function)
    except RuntimeError:  # no folder can be written, or there is no source file
        if Path(function.__code__.co_filename).exists():
            warn("neither nofb's folder nor a folder of this user can be written")


def warn(reason: str) -> None:
    """Warn that kernels are not stored, with the reason and the cure: once for a command.

    The kernels of each folder, and each process of a comparison, would give the same warning again.
    """
    if os.environ.get(WARNED):
        return
    os.environ[WARNED] = "1"
    warnings.warn(
        f"compiled kernels are not kept on disk, so that each process compiles them again: "
        f"{reason}. Set NUMBA_CACHE_DIR to a folder that can be written",
        KernelCacheWarning,
        stacklevel=2,
    )
