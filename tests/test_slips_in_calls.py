"""The commonest slips in a call end in one sentence that says what to write instead."""

import copy
import inspect
import pickle

import pytest

import nofb
from nofb import SGD, Adam, AdamW, Conv2D, Dense, Network, RMSprop
from nofb.arguments import explained
from nofb.datasets import Dataset

DATA = nofb.datasets.load("digits")
X, Y = DATA.x_train, DATA.y_train
LR = r"fit has no argument '{}': the learning rate belongs to the optimizer: .*SGD\(lr=0\.1\)$"


def fit(*given, **named):
    return nofb.fit(Network([Dense(64, 10)]), *given, **named)


def make(seed):
    return Network([Dense(64, 10)], seed=seed)


class Own(Dense):
    """A student's own layer."""


@pytest.mark.parametrize(
    ("slip", "sentence"),
    [
        (lambda: fit("fa", DATA, lr=0.1), LR.format("lr")),
        (lambda: fit("fa", DATA, learning_rate=0.1), LR.format("learning_rate")),
        (lambda: fit("fa", DATA, batchsize=8), r"'batchsize' \(did you mean 'batch_size'\?\); it"),
        (lambda: fit("fa", DATA, epoch=8), r"'epoch' \(did you mean 'epochs'\?\); it has: net, "),
        (lambda: fit("fa"), r'^fit needs data: for example nofb\.fit\(net, "fa", nofb\.datasets\.'),
        (lambda: SGD(learning_rate=0.1), "^SGD has no argument 'learning_rate': it is called lr$"),
        (lambda: RMSprop(learning_rate=0.1), "^RMSprop has no argument 'learning_rate': it is"),
        (lambda: Adam(beta_1=0.9), r"^Adam has no argument 'beta_1' \(did you mean 'beta1'\?\)"),
        (lambda: AdamW(weight_decay=0.1), "'weight_decay': it is called decay, and is not"),
        (lambda: Dense(32, activation="relu"), r"^Dense needs n_out: give both sizes, as in Dense"),
        (lambda: Dense(64, 32, activaton="relu"), r"\(did you mean 'activation'\?\); it has: n_in"),
        (lambda: Conv2D(8, 3), r"^Conv2D needs kernel_size: Conv2D\(channels_in, channels_out, k"),
        (
            lambda: nofb.sweep("fa", make, DATA, epoch=2),
            r"^sweep has no argument 'epoch' \(did",
        ),
        (
            lambda: nofb.sweep(["fa"], setings={}),
            r"^sweep has no argument 'setings' \(did",
        ),
        (
            lambda: nofb.compare(["fa"], make, DATA, epoch=2),
            r"^compare has no argument 'epoch' \(",
        ),
        (lambda: Own(64), r"^Own needs n_out: give both sizes"),
        (lambda: Dataset(X, Y), "^Dataset needs x_test and y_test: keep some samples for the test"),
    ],
)
def test_a_wrong_or_missing_argument_gets_the_cure(slip, sentence):
    """Python names the argument, and neither the right one nor where the rate belongs."""
    with pytest.raises(TypeError, match=sentence):
        slip()


@pytest.mark.parametrize("name", ["fit", "train"])
def test_a_network_that_is_told_to_train_names_fit(name):
    """In other libraries the network has this method."""
    net = Network([Dense(64, 10)])
    with pytest.raises(AttributeError, match=rf"'{name}': nofb\.fit\(net, rule, data\) trains it"):
        getattr(net, name)
    with pytest.raises(AttributeError, match=r"'Network' object has no attribute 'lossy'$"):
        _ = net.lossy
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert (twin.predict(X[:9]) == net.predict(X[:9])).all()


class Deeper(Network):
    @property
    def depth(self):
        return len(self.weightd)


def test_an_attribute_that_is_missing_inside_a_property_is_the_one_that_is_named():
    """It said that the network has no `depth`, and the slip was inside of it."""
    with pytest.raises(AttributeError, match=r"'Deeper' object has no attribute 'weightd'$"):
        _ = Deeper([Dense(64, 10)]).depth


def test_a_network_without_layers_is_refused_as_such():
    """`the last layer ... is None` does not say that the list is empty."""
    with pytest.raises(ValueError, match=r"^layers is empty: give at least one layer, such as \["):
        Network([])


@pytest.mark.parametrize("called", [nofb.fit, SGD, RMSprop, Adam, AdamW, Dense, Conv2D, Dataset])
def test_a_call_with_a_cure_keeps_its_signature(called):
    """Editors and `help` show a student the arguments, not `*given, **named`."""
    kinds = {each.kind for each in inspect.signature(called).parameters.values()}
    variadic = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    assert kinds and not kinds & variadic


def test_errors_inside_a_call_and_all_other_mistakes_are_pythons_own():
    """A mistake in the function itself must not be taken for one of its caller."""

    @explained(rate="elsewhere")
    def train(net, epochs=3):
        """Train."""
        return len(epochs)

    assert train.__doc__ == "Train." and train("net", [1, 2]) == 2
    with pytest.raises(TypeError, match="'int' has no len"):
        train("net")
    with pytest.raises(TypeError, match="takes from 1 to 2 positional arguments but 3 were given"):
        train("net", [1], 3)
    with pytest.raises(TypeError, match="multiple values for argument 'net'"):
        train("net", net="net")
