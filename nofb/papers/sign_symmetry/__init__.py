"""Sign-symmetry and its neighbours in a convolutional network, beside BioTorch's errors."""

from nofb.papers.sign_symmetry import errors
from nofb.papers.study import Study

STUDY = Study(
    "sign_symmetry",
    "Ten rules on LeNet, MNIST and Fashion-MNIST: test errors beside BioTorch's",
    "an hour and a half on one core",
    ("mnist", "fashion_mnist"),
    (errors.PART,),
)
