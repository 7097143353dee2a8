"""Compiled kernels on disk: what the cache lacks or holds in pieces is compiled, and nothing fails.

Numba keeps compiled code beside the source file, or in the folder of the user. Some accounts can
write neither, and a power cut leaves files without an end.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba import config
from numba.core.caching import FunctionCache
from numba.core.sigutils import normalize_signature


class KernelCacheWarning(RuntimeWarning):
    """Kernels are compiled again in each process, which takes seconds and changes no number."""


class KernelCache(FunctionCache):
    """Numba's cache of one function, in which a damaged or missing file costs time only."""

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Keep code that checks its indices, and code that does not, apart: Numba mixes them."""
        checked = config.BOUNDSCHECK  # type: ignore[attr-defined]  # Numba sets it at import
        return *super()._index_key(sig, codegen), checked

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code for a signature, or `None` if it must be compiled."""
        try:
            found = super().load_overload(sig, target_context)
            # Two processes that compile at the same moment can leave one's code under both names.
            if found is None or found.signature.args == normalize_signature(sig)[0]:
                return found
        except Exception:  # unpickling the half of a file can raise anything
            pass
        with suppress(OSError):
            self.flush()  # an index without entries: what is compiled now replaces the old files
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code for the next process, if the disk takes it."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            self.disable()
            warn(f"{self.cache_path} cannot be written: {error.strerror or error}")


def attach(compiled: Any, function: Callable[..., object]) -> None:
    """Let Numba keep the code of a function on disk, if there is a place for it."""
    try:
        compiled._cache = KernelCache(function)
    except RuntimeError:  # no folder can be written, or there is no source file
        if Path(function.__code__.co_filename).exists():
            warn("neither nofb's folder nor a folder of this user can be written")


@cache  # once in a process, for each reason
def warn(reason: str) -> None:
    """Say why kernels are not kept, and the way out."""
    warnings.warn(
        f"compiled kernels are not kept on disk, so that each process compiles them again: "
        f"{reason}. Set NUMBA_CACHE_DIR to a folder that can be written",
        KernelCacheWarning,
        stacklevel=2,
    )
