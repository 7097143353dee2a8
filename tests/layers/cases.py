"""Every layer of networks with branches, with the shapes for its tests."""

from nofb.layers import (
    Attend,
    AvgPool2D,
    BatchNorm,
    ClassToken,
    CutPatches,
    FirstToken,
    LayerNorm,
    MeanToken,
    Positions,
    Sum,
)

# A layer, and the shape of one sample for each of its sources.
CASES = {
    "batch norm": (lambda: BatchNorm(3), (3,)),
    "batch norm of one channel": (lambda: BatchNorm(1), (3, 5, 1)),
    "batch norm of three channels": (lambda: BatchNorm(3), (4, 3, 3)),
    "batch norm of tokens": (lambda: BatchNorm(4), (5, 4)),
    "layer norm": (lambda: LayerNorm(5), (5,)),
    "layer norm of two units": (lambda: LayerNorm(2), (2,)),
    "layer norm of tokens": (lambda: LayerNorm(6), (4, 6)),
    "layer norm of pixels": (lambda: LayerNorm(3), (3, 2, 3)),
    "mean pooling of one channel": (lambda: AvgPool2D(2), (4, 6, 1)),
    "mean pooling, pixels left over": (lambda: AvgPool2D(2), (5, 7, 3)),
    "mean pooling that overlaps": (lambda: AvgPool2D(3, stride=2), (5, 8, 3)),
    "mean pooling of rectangles": (lambda: AvgPool2D((2, 3), stride=(1, 2)), (4, 7, 2)),
    "mean pooling with gaps": (lambda: AvgPool2D(1, stride=(2, 3)), (4, 5, 3)),
    "whole maps": (lambda: AvgPool2D(), (3, 5, 3)),
    "a whole map of one channel": (lambda: AvgPool2D(), (5, 3, 1)),
    "attention with one head": (lambda: Attend(1), *[(5, 3)] * 3),
    "attention with three heads": (lambda: Attend(3), *[(4, 6)] * 3),
    "causal attention": (lambda: Attend(2, causal=True), *[(5, 4)] * 3),
    "attention to one token": (lambda: Attend(2), *[(1, 4)] * 3),
    "patches of one pixel": (lambda: CutPatches(1), (2, 3, 3)),
    "patches of one channel": (lambda: CutPatches(3), (3, 9, 1)),
    "patches of three channels": (lambda: CutPatches(2), (6, 4, 3)),
    "positions": (lambda: Positions(5, 3), (5, 3)),
    "more positions than tokens": (lambda: Positions(5, 3), (4, 3)),
    "a class token": (lambda: ClassToken(3), (4, 3)),
    "the first token": (lambda: FirstToken(), (5, 3)),
    "the mean token": (lambda: MeanToken(), (5, 3)),
    "a sum of two": (lambda: Sum(), *[(4, 3)] * 2),
    "a sum of three maps": (lambda: Sum(), *[(2, 3, 1)] * 3),
}


def refused(name, samples, train):
    """Return whether a case is refused: one number for each unit has no variance."""
    return name == "batch norm" and samples == 1 and train
