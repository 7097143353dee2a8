"""The layers: each owns its arrays as plain attributes and offers rules three linear maps."""

from nofb.layers.activation import Activation
from nofb.layers.attend import Attend
from nofb.layers.attention import Attention
from nofb.layers.base import Layer, Record, WeightedLayer
from nofb.layers.block import Block
from nofb.layers.chain import Chain
from nofb.layers.conv2d import Conv2D
from nofb.layers.dense import Dense
from nofb.layers.dropout import Dropout
from nofb.layers.flatten import Flatten
from nofb.layers.inverse import Inverse
from nofb.layers.max_pool2d import MaxPool2D
from nofb.layers.residual import Residual
from nofb.layers.sum import Sum

__all__ = [
    "Activation",
    "Attend",
    "Attention",
    "Block",
    "Chain",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Inverse",
    "Layer",
    "MaxPool2D",
    "Record",
    "Residual",
    "Sum",
    "WeightedLayer",
]
