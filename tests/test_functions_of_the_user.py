"""Functions of the user that make a network or a data set."""

import sys

import pytest

from nofb.modules import made


@pytest.mark.parametrize("what", ["the network my_net:make", "the data set my_data:build"])
def test_a_function_that_ends_the_program_gets_a_sentence(what):
    """A comparison that ends without a word would lose its other runs, and not say why."""
    with pytest.raises(ValueError, match=f"^{what} cannot be made: SystemExit.*: 3$"):
        made(sys.exit, what, 3)
