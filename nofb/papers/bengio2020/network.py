"""The network of the trained parts: five hidden layers on MNIST, as in Meulemans et al. 2020."""

from nofb.runs.specification import Specification

RUN = Specification(
    data="mnist",
    centred=False,
    hidden=(256,) * 5,
    input_dropout=0.0,
    optimizer="adam",
    lr=1e-3,
    batch_size=128,
)
