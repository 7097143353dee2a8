"""The layers: each owns its arrays as plain attributes, and gives rules three linear maps."""

from nofb.layers.activation import Activation
from nofb.layers.attend import Attend
from nofb.layers.attention import Attention
from nofb.layers.avg_pool2d import AvgPool2D
from nofb.layers.base import Layer, Record, WeightedLayer
from nofb.layers.batch_norm import BatchNorm
from nofb.layers.block import Block
from nofb.layers.chain import Chain
from nofb.layers.class_token import ClassToken
from nofb.layers.conv2d import Conv2D
from nofb.layers.cut_patches import CutPatches
from nofb.layers.dense import Dense
from nofb.layers.dropout import Dropout
from nofb.layers.embedding import Embedding
from nofb.layers.flatten import Flatten
from nofb.layers.inverse import Inverse
from nofb.layers.layer_norm import LayerNorm
from nofb.layers.max_pool2d import MaxPool2D
from nofb.layers.one_token import FirstToken, MeanToken
from nofb.layers.patches import Patches
from nofb.layers.positions import Positions
from nofb.layers.present import Present
from nofb.layers.residual import Residual
from nofb.layers.sum import Sum

__all__ = [
    "Activation",
    "Attend",
    "Attention",
    "AvgPool2D",
    "BatchNorm",
    "Block",
    "Chain",
    "ClassToken",
    "Conv2D",
    "CutPatches",
    "Dense",
    "Dropout",
    "Embedding",
    "FirstToken",
    "Flatten",
    "Inverse",
    "Layer",
    "LayerNorm",
    "MaxPool2D",
    "MeanToken",
    "Patches",
    "Positions",
    "Present",
    "Record",
    "Residual",
    "Sum",
    "WeightedLayer",
]
