"""Networks with feedback that learns."""

import oracles
from oracles import batch

import nofb
from nofb import Network
from nofb.datasets import Dataset

NETS = list(oracles.NETS)


def data_for(net: Network, samples: int = 12) -> Dataset:
    """Return random training samples that fit the network."""
    x, y = batch(net, samples)
    return Dataset(x, y, x, y)


def train(net: Network, rule, optimizer, epochs: int = 5, **options) -> None:
    """Train without output, in batches of 5, 5 and 2."""
    options = {"batch_size": 5, "probe": 0, "progress": False, **options}
    nofb.fit(net, rule, data_for(net), epochs, optimizer=optimizer, **options)
