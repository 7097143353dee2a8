"""Every rule on networks with branches: LeNet, ResNet-8, a vision transformer, a language model.

`search` chose the learning rates; `images` and `text` train with them.
"""

from nofb.papers.networks import images, text
from nofb.papers.study import Study

STUDY = Study(
    "networks",
    "Every rule on networks with branches: LeNet, ResNet-8, and transformers for images and text",
    "about forty minutes on one idle core",
    ("digits", "text"),
    (images.PART, text.PART),
)
