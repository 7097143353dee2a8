"""A rule as an SVG picture: the network above, and the paths of its signals below.

Colours are classes; the style sheet of the site sets them for light and for dark pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from anatomy import UNITS, Anatomy, Way

WIDTH, HEIGHT, DEEP = 372, 176, 218  # deep, where signals pass below other layers
COLUMNS = (40, 128, 216, 304)  # x of the input and of each layer
MIDDLE, SPACING, RADIUS = 58, 23, 7  # of the units
BACK, NODE = 146, 13  # y of the signals, and how large each is
LABEL = 352  # x of the label, for those rules that send it back
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def draw(anatomy: Anatomy, title: str) -> str:
    """Return the picture as an SVG element; `title` is what a screen reader says."""
    parts = [*forward(anatomy), *taken(anatomy), *noise(anatomy)]
    for way in anatomy.ways:
        parts += drawn(way)
    parts += signals(anatomy)
    height = DEEP if any(way.direct for way in anatomy.ways) else HEIGHT
    return (
        f'<svg class="schematic" viewBox="0 -8 {WIDTH} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def places(column: int) -> list[tuple[float, float]]:
    """Return where the units of a column stand."""
    n = UNITS[column]
    return [(COLUMNS[column], MIDDLE + SPACING * (i - (n - 1) / 2)) for i in range(n)]


def forward(anatomy: Anatomy) -> Iterator[str]:
    """Draw the network: every weight a thin line, every unit a circle."""
    for layer in range(1, len(UNITS)):
        rests = "" if layer in anatomy.taught else " rests"
        for x1, y1 in places(layer - 1):
            for x2, y2 in places(layer):
                yield f'<path class="weight{rests}" d="M{x1} {y1}L{x2} {y2}"/>'
        yield text((COLUMNS[layer - 1] + COLUMNS[layer]) / 2, 9, f"W_{layer}", "ink" + rests)
    for column in range(len(UNITS)):
        for x, y in places(column):
            yield f'<circle class="unit" cx="{x}" cy="{y}" r="{RADIUS}"/>'
    yield text(COLUMNS[0] - 22, MIDDLE + 5, "x", "ink")
    yield text(COLUMNS[-1] + 24, MIDDLE + 5, "ŷ", "ink")


def signals(anatomy: Anatomy) -> Iterator[str]:
    """Draw the teaching signal of each layer below it."""
    last = len(UNITS) - 1
    for layer in range(1, last + 1):
        if layer not in anatomy.taught:
            continue
        x, (_, bottom) = COLUMNS[layer], places(layer)[-1]
        yield f'<path class="teaches" d="M{x} {BACK - NODE}V{bottom + RADIUS}"/>'
        name = f"t_{layer}" if anatomy.sends_targets else "e" if layer == last else f"δ_{layer}"
        yield f'<circle class="signal" cx="{x}" cy="{BACK}" r="{NODE}"/>'
        yield text(x, BACK + 5, name, "ink")
    if anatomy.uses_only_signs:
        yield text(COLUMNS[last] + 26, BACK + 28, "sign e", "ink")
    if anatomy.uses.labels:
        corner = f'x="{LABEL - 11}" y="{BACK - 11}"'
        yield f'<rect class="signal" {corner} width="22" height="22" rx="3"/>'
        yield text(LABEL, BACK + 5, "y", "ink")


def drawn(way: Way) -> Iterator[str]:
    """Draw one path of the signal, with its matrix."""
    start, end = COLUMNS[way.start] if way.start else LABEL, COLUMNS[way.end]
    return (arc if way.direct else straight)(way, start, end)


def straight(way: Way, start: float, end: float) -> Iterator[str]:
    """Draw a path to the next layer."""
    side = 1 if end > start else -1
    tip = end - side * (NODE + 2)
    yield f'<path class="way {way.kind}" d="M{start + side * NODE} {BACK}H{tip - side * 7}"/>'
    yield head(tip, BACK, side, 0, way.kind)
    yield text((start + end) / 2, BACK - 8, way.matrix, way.kind)


def arc(way: Way, start: float, end: float) -> Iterator[str]:
    """Draw a path that skips other layers, below them."""
    depth = BACK + NODE + 12 + 0.19 * (start - end)
    yield (
        f'<path class="way {way.kind}" d="M{start} {BACK + NODE}'
        f'C{start} {depth + 8} {end} {depth + 8} {end} {BACK + NODE + 9}"/>'
    )
    yield head(end, BACK + NODE + 2, 0, -1, way.kind)
    yield text(end + 17, BACK + NODE + 22, way.matrix, way.kind)


def head(x: float, y: float, dx: int, dy: int, kind: str) -> str:
    """Draw an arrow head whose tip is at (x, y)."""
    back = (x - 9 * dx, y - 9 * dy)
    left, right = ((back[0] + 5 * s * dy, back[1] + 5 * s * dx) for s in (1, -1))
    corners = " ".join(f"{a:g},{b:g}" for a, b in ((x, y), left, right))
    return f'<polygon class="head {kind}" points="{corners}"/>'


def taken(anatomy: Anatomy) -> Iterator[str]:
    """Draw the use of forward weights in the feedback path: all of them, or their signs."""
    for way in anatomy.ways:
        kind = source(anatomy, way)
        if kind:
            x = (COLUMNS[way.start] + COLUMNS[way.end]) / 2
            yield f'<path class="taken {kind}" d="M{x} {MIDDLE + 20}V{BACK - 28}"/>'
            yield head(x, BACK - 22, 0, 1, kind)


def source(anatomy: Anatomy, way: Way) -> str:
    """Return what a path uses of the forward weights: "transport", "signs" or nothing."""
    if way.kind in ("transport", "signs"):
        return way.kind
    slowly = way.kind == "learned" and not anatomy.sends_targets
    return "transport" if anatomy.uses.transport and slowly else ""


def noise(anatomy: Anatomy) -> Iterator[str]:
    """Draw noise above the layers that receive feedback, if the rule has a phase for it."""
    if anatomy.uses.second_phase:
        for way in anatomy.ways:
            x = COLUMNS[way.end]
            wave = "q3 -7 6 0t6 0t6 0t6 0"
            yield f'<path class="noise" d="M{x - 18} 9{wave}"/>'
            yield text(x + 15, 13, "ξ", "learned")


def text(x: float, y: float, words: str, kind: str) -> str:
    """Write a symbol, with what follows an underscore as its subscript."""
    written = words.replace("_", "").translate(SUBSCRIPTS)
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{written}</text>'


def sample(kind: str) -> str:
    """Return a short arrow of a kind, for a legend."""
    return (
        '<svg class="schematic sample" viewBox="0 0 44 14" aria-hidden="true">'
        f'<path class="way {kind}" d="M2 7H33"/>{head(42, 7, 1, 0, kind)}</svg>'
    )
