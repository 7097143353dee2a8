"""An unknown name gets the nearest known one, before the list of all."""

import pytest

import nofb
from nofb import Dense, Network, activations, datasets, losses, optimizers, rules
from nofb.cli import main
from nofb.suggestions import did_you_mean

RULE, ACTIVATION = rules.find, activations.get


@pytest.mark.parametrize(
    ("find", "given", "meant"),
    [
        (RULE, "feedback_alignment", "'fa'"),
        (RULE, "Direct Feedback Alignment", "'dfa'"),
        (RULE, "KolenPollack", "'kp'"),
        (RULE, "weight mirror", "'wm'"),
        (RULE, "feedback_aligment", "'fa'"),  # the title, misspelt
        (RULE, "FA", "'fa'"),
        (RULE, "bpp", "'bp'"),
        (RULE, "fb", "'bp', 'fa' or 'ff'"),
        (ACTIVATION, "sigmoid", "'logistic'"),
        (ACTIVATION, "ReLU", "'relu'"),
        (ACTIVATION, "relu6", "'relu'"),
        (losses.get, "mse", "'squared_error'"),
        (losses.get, "crossentropy", "'cross_entropy'"),
        (losses.get, "BCE", "'binary_cross_entropy'"),
        (losses.get, "softmax", "'cross_entropy'"),
        (datasets.load, "minst", "'mnist'"),
        (datasets.load, "Fashion-MNIST", "'fashion_mnist'"),
        (optimizers.make, "Adam", "'adam'"),
    ],
)
def test_a_wrong_name_gets_the_nearest_one_before_the_list(find, given, meant):
    """A list of 32 short names does not tell which one is feedback alignment."""
    with pytest.raises(ValueError, match="is ") as caught:
        find(given)
    suggestion = f"is {given!r} (did you mean {meant}?), but must be one of: "
    assert suggestion in str(caught.value)


@pytest.mark.parametrize(
    ("argument", "given"), [("bias_init", "glorot"), ("init", "Xavier"), ("init", "xaviar")]
)
def test_every_argument_that_takes_a_name_suggests(argument, given):
    """The list of initialisers is refused by the same function as that of rules."""
    with pytest.raises(ValueError, match=rf"{argument} is .*\(did you mean 'xavier'\?\)"):
        Dense(4, 2, **{argument: given})


def test_the_command_line_suggests_too(capsys):
    """Most misspelt names are typed there."""
    for words, meant in ((["train", "FA"], "fa"), (["train", "fa", "--data", "minst"], "mnist")):
        assert main(words) == 2
        assert f"(did you mean '{meant}'?)" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["xyz", "quantum", "", "-", None, 3, ["fa"]])
def test_nothing_near_gets_no_suggestion(given):
    """A guess at random would send a student to a rule that was not meant."""
    assert did_you_mean(given, rules.RULES) == ""


def test_a_name_of_another_table_is_not_suggested():
    """`mse` is a loss, so it must not be suggested where only activations are allowed."""
    assert did_you_mean("mse", activations.ACTIVATIONS) == ""
    assert did_you_mean("linear", losses.LOSSES) == ""


def test_softmax_on_the_last_layer_says_that_the_loss_brings_it():
    """In other libraries the last layer has a softmax; a list of activations is no cure."""
    with pytest.raises(ValueError, match=r'the loss "cross_entropy" brings the softmax .* leave'):
        Network([Dense(64, 32, "relu"), Dense(32, 10, "softmax")])


@pytest.mark.parametrize("name", ["fa", "FA", "dfa"])
def test_a_rule_called_by_its_short_name_says_how_to_build_it(name):
    """`rules.fa()` looks right, as every short name is used without quotes in a text."""
    with pytest.raises(AttributeError, match=rf"nofb\.rules\.make\('{name.lower()}'\) builds"):
        getattr(rules, name)
    assert not hasattr(nofb.rules, "no_such_rule")
    with pytest.raises(AttributeError, match=r"has no attribute 'Backpropp'$"):
        _ = rules.Backpropp
