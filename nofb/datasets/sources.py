"""The sources of the data sets that are not shipped: file names, published hashes, mirrors.

The mirror does not matter, because a file is accepted only if its hash is right.
"""

from __future__ import annotations

from dataclasses import dataclass

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"


@dataclass(frozen=True)
class RemoteFile:
    """One file to download; its hash is of the decompressed bytes if `hash_is_of_content`.

    The hashed bytes are at most `largest`.
    """

    name: str
    sha256: str
    largest: int
    hash_is_of_content: bool = True


@dataclass(frozen=True)
class Source:
    """The files of one data set, the folder that holds them, and the mirrors in order of trial."""

    name: str
    folder: str
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]
    megabytes: int


def _idx_files(**hashes: str) -> tuple[RemoteFile, ...]:
    names = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
    sizes = (16 + 60000 * 28 * 28, 8 + 60000, 16 + 10000 * 28 * 28, 8 + 10000)  # headers and bytes
    return tuple(
        RemoteFile(f"{name}.gz", sha256, size)
        for name, sha256, size in zip(names, hashes.values(), sizes, strict=True)
    )


# Each mirror compresses the idx files itself, so only the decompressed bytes have one hash.
MNIST = Source(
    name="mnist",
    folder="mnist",
    files=_idx_files(
        train_images="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        train_labels="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        test_images="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        test_labels="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    megabytes=12,
)

FASHION_MNIST = Source(
    name="fashion_mnist",
    folder="fashion-mnist",
    files=_idx_files(
        train_images="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        train_labels="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        test_images="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        test_labels="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    megabytes=31,
)

SHAKESPEARE = Source(
    name="shakespeare",
    folder="text",
    files=(
        RemoteFile(
            "shakespeare.txt",
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            largest=1_115_394,
        ),
    ),
    mirrors=("https://storage.googleapis.com/download.tensorflow.org/data/",),
    megabytes=1,
)

# The same archive is in the source distribution of the package vaderSentiment 3.3.2.
MOVIE_REVIEWS = Source(
    name="movie_reviews",
    folder="vader",
    files=(
        RemoteFile(
            "hutto_ICWSM_2014.tar.gz",
            "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa",
            largest=2_338_514,
            hash_is_of_content=False,
        ),
    ),
    mirrors=(
        "https://raw.githubusercontent.com/cjhutto/vaderSentiment/master/additional_resources/",
    ),
    megabytes=2,
)

# Only the archive's own hash is published. The second and third addresses are those that the
# public code of Swift for TensorFlow and of MindSpore downloads this archive from; they have not
# been tried from here, and a copy that differs in one bit is refused.
CIFAR10 = Source(
    name="cifar10",
    folder="cifar-10",
    files=(
        RemoteFile(
            "cifar-10-binary.tar.gz",
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            largest=170_052_171,
            hash_is_of_content=False,
        ),
    ),
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
        "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
    ),
    megabytes=170,
)

# No archive of these pictures is published, so there is nothing to download.
CIFAR10_JPEG = Source(
    name="cifar10_jpeg",
    folder="cifar10-jpeg",
    files=(
        RemoteFile(
            "cifar10_jpeg.zip",
            "ee45dedb29ae60764dbfee7f0bcc8adf73a33f51b871ac81d3d3d027157f818d",
            largest=62_190_935,
            hash_is_of_content=False,
        ),
    ),
    mirrors=(),
    megabytes=62,
)
