"""A sweep of a named network gives it the data in the form that it needs."""

import pytest

from nofb import datasets
from nofb.rules import RULES
from nofb.runs import run_tasks
from nofb.runs.plan import make_plan
from nofb.runs.sweep import carry_out

MODEL = {"name": "language_model", "units": 4, "heads": 1, "blocks": 1}


def plan_for(data, network):
    settings = {"data": data, "epochs": 1, "batch_size": 256}
    return make_plan(["bp"], 1, settings, network=network)


def test_a_sweep_trains_a_language_model_on_text():
    """The data were first prepared for dense layers, which do not accept tokens."""
    (row,) = carry_out(plan_for("text", MODEL), progress=False).rows()
    assert row["stopped"] is None and 0 < row["test_accuracy"] < 1


@pytest.mark.parametrize(
    ("data", "network", "shape"),
    [("digits", "lenet", (1, 8, 8)), ("digits", "mlp", (64,)), ("text", MODEL, (64,))],
)
def test_kernels_for_workers_are_compiled_with_data_of_the_right_form(
    data, network, shape, monkeypatch
):
    """Without the shape of the images no kernel was compiled, without a warning."""
    given = []
    monkeypatch.setattr(run_tasks, "train", lambda run, data, rule: given.append(data))
    run_tasks.warm_up(
        run_tasks.RunTask(RULES), plan_for(data, network).tasks, {data: datasets.load(data)}
    )
    (few,) = given
    assert few.x_train.shape == (run_tasks.FEW, *shape)
