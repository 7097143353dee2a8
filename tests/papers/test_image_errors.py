"""Rules on one network for images: LeNet beside BioTorch's errors, and ResNet-8."""

import pytest
from tiny_images import tiny

from nofb import networks
from nofb.papers import residual, sign_symmetry
from nofb.papers.residual import errors as of_resnet
from nofb.papers.sign_symmetry import errors as of_lenet

PARTS = [of_lenet, of_resnet]
BIOTORCH = {  # in per cent, from its own table
    "mnist": {"bp": 0.91, "fa": 1.70, "dfa": 1.61, "usf": 0.94, "frsf": 0.97, "brsf": 0.91},
    "fashion_mnist":
        {"bp": 9.20, "fa": 13.06, "dfa": 12.81, "usf": 9.69, "frsf": 9.61, "brsf": 10.02},
}  # fmt: skip


def record(errors, rule="bp", seed=0, angle=(10.0, None)):
    data = errors.TABLE.data[0]
    task = {"data": data, "rule": rule, "seed": seed, "epochs": 1, "lr": 0.003}
    result = {"stopped": None, "train_error": [0.0], "test_error": [2.0 + seed],
              "seconds": 90.0, "angle": list(angle)}  # fmt: skip
    return {"task": task, "result": result}


def test_biotorchs_errors_are_those_of_its_table():
    """The file must not have exchanged two rules; papers.md and the issue have them too."""
    found = {key: number.mean for key, number in of_lenet.TABLE.published.items()}
    assert found == {(d, rule): e for d, row in BIOTORCH.items() for rule, e in row.items()}


@pytest.mark.parametrize("errors", PARTS)
def test_every_rule_has_every_seed_and_the_first_seed_comes_first(errors, tiny_images):
    """A night that ends early must leave a whole table."""
    tasks, table = errors.TABLE.tasks(), errors.TABLE
    assert len(tasks) == table.seeds * len(table.data) * len(table.rules)
    assert [task["seed"] for task in tasks] == sorted(task["seed"] for task in tasks)


def test_rules_that_biotorch_does_not_have_are_run_beside_its_six():
    """Mirrors, Kolen-Pollack and target projection are published nowhere on this network."""
    assert set(of_lenet.RULES) - set(BIOTORCH["mnist"]) == {"kp", "wm", "drtp", "dkp"}


@pytest.mark.parametrize(("errors", "layers"), [(of_lenet, 5), (of_resnet, 8 + 2)])
def test_the_network_has_the_layers_of_its_name(errors, layers):
    """ResNet-8 has two shortcuts with weights beside its eight layers."""
    run = errors.RUN
    data = networks.prepared(run.network, tiny(errors.TABLE.data[0]))
    assert len(run.network_for(data).weighted) == layers


@pytest.mark.parametrize("errors", PARTS)
def test_a_row_has_errors_rate_and_angles(errors, tiny_images):
    """A layer without a signal has a dash, not an angle of zero."""
    runs = [record(errors, seed=seed) for seed in range(2)]
    ((_, (_, row)),) = errors.TABLE.tables(runs).items()
    published = " / 0.91" if errors is of_lenet else ""
    assert row == ["bp", "0.003", "2", "1", "1.5", f"2.50 ± 0.71{published}", "10° -"]
    assert len(errors.TABLE.lines(runs)) == 3


def test_the_title_of_the_residual_table_says_what_the_images_are():
    """JPEG changes pixels, so that nobody may take them for the original ones."""
    assert "re-encoded as JPEG" in of_resnet.TABLE.heading
    assert residual.STUDY.data == ("cifar10_jpeg",) and "mnist" in sign_symmetry.STUDY.data


@pytest.mark.parametrize(("better", "worse"), [("wm", "usf"), ("kp", "usf"), ("usf", "fa")])
def test_the_published_order_holds_only_if_our_errors_have_it(better, worse):
    """A result against the paper must be stated as such."""

    def holds(first, second):
        runs = [record(of_resnet, better), record(of_resnet, worse)]
        for run, error in zip(runs, (first, second), strict=True):
            run["result"]["test_error"] = [error]
        (claim,) = of_resnet.claims(runs)
        return claim.holds

    assert holds(20.0, 30.0) and not holds(30.0, 20.0)
