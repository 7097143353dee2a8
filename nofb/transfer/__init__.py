"""Transfer: a trained backbone learns another task, by TOAST or by another method.

`METHODS` maps each short name to its class, one file each; `make("toast", backbone, n_outputs)`
builds a network that `nofb.fit` trains with any rule.
"""

from __future__ import annotations

import os
from typing import Any

from nofb import archive, checks
from nofb.network import Network
from nofb.transfer.backbone import Backbone
from nofb.transfer.finetune import Finetune
from nofb.transfer.linear import Linear
from nofb.transfer.lora import LoRA
from nofb.transfer.model import Transferred, backbone_of, check_backbone
from nofb.transfer.prompts import PromptTuning
from nofb.transfer.toast import DeadMaskWarning, Steering, Toast
from nofb.transfer.toast_lite import ToastLite

__all__ = [
    "METHODS",
    "Backbone",
    "DeadMaskWarning",
    "Finetune",
    "Linear",
    "LoRA",
    "PromptTuning",
    "Steering",
    "Toast",
    "ToastLite",
    "Transferred",
    "load",
    "make",
]

METHODS: dict[str, type[Transferred]] = {
    method.name: method for method in (Linear, Finetune, LoRA, PromptTuning, Toast, ToastLite)
}
PARTS = {"method": str, "n_outputs": int, "seed": int, "options": dict, "network": dict}


def make(
    name: str,
    backbone: Network | Backbone,
    n_outputs: int,
    seed: int = 0,
    start: Transferred | None = None,
    **options: Any,
) -> Transferred:
    """Build a model that starts as a copy of a backbone and learns another task.

    Parameters
    ----------
    name
        A key of `METHODS`.
    backbone
        A trained transformer, such as `nofb.networks.make("vision_transformer", data)` after
        `nofb.fit`. It is copied and does not change.
    n_outputs
        The number of outputs of the task.
    seed
        The seed of the layers that the method adds, and of the head.
    start
        A model on the same backbone to start from, such as a pre-tuned TOAST.
    options
        The options of the method, see its class.

    Raises
    ------
    TypeError, ValueError
        If the method or an option is unknown, a value is out of its bounds, or the backbone does
        not have the structure of a transformer of `nofb.networks`.

    Examples
    --------
    >>> from nofb import datasets, networks
    >>> data = datasets.load("digits")
    >>> net = networks.make("vision_transformer", data, patch=4, blocks=1, units=16)
    >>> make("toast", net, n_outputs=10, late=1)
    Toast(10 outputs, late=1)
    >>> make("toasd", net, n_outputs=10)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: method is 'toasd' (did you mean 'toast'?), but must be one of: linear, finetune, ...
    """
    checks.choice("method", name, METHODS)
    return METHODS[name](backbone, n_outputs, seed, start, **options)


def load(path: str | os.PathLike[str], backbone: Network | Backbone) -> Transferred:
    """Build the model that `save` wrote, on the same backbone.

    Parameters
    ----------
    path
        The file.
    backbone
        The network that the model was made on; another one is refused.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If the file is not complete, or needs another backbone.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nofb import datasets, networks
    >>> data = datasets.load("digits")
    >>> net = networks.make("vision_transformer", data, patch=4, blocks=1, units=16)
    >>> model = make("lora", net, n_outputs=10, rank=2)
    >>> with TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/model.npz")
    ...     twin = load(f"{folder}/model.npz", net)
    >>> x = data.as_images().x_test
    >>> bool((twin.outputs(x) == model.outputs(x)).all())
    True
    """
    if isinstance(path, Network | Backbone):
        raise TypeError(
            f"path must be the path of a file, but is a {type(path).__name__}: "
            "load(path, backbone) takes the file first"
        )
    about, _ = archive.read(path, "transfer", parts=PARTS)
    checks.choice(f"the method of {path}", about["method"], METHODS)
    backbone = backbone_of(backbone)
    check_backbone(path, about, backbone)
    model = make(about["method"], backbone, about["n_outputs"], about["seed"], **about["options"])
    return model.load(path)


def __dir__() -> list[str]:
    return sorted(__all__)
