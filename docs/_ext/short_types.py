"""Types in the API pages under the names that the code has for them, such as `Array`."""

from docutils import nodes
from sphinx.application import Sphinx

ARRAY = "ndarray[tuple[Any, ...], dtype[Any]]"
SHORT = {f"Callable[[Generator, int, int], {ARRAY}]": "Initialiser", ARRAY: "Array"}


def shorten(app: Sphinx, doctree: nodes.document) -> None:
    """Write each long type by its name."""
    for text in list(doctree.findall(nodes.Text)):
        short = text.astext()
        for long, name in SHORT.items():
            short = short.replace(long, name)
        if short != text.astext():
            text.parent.replace(text, nodes.Text(short))


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("doctree-read", shorten)
    return {"parallel_read_safe": True}
