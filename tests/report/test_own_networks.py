"""A comparison on one's own network and data, and the tables that a paper needs."""

import re
from dataclasses import replace

import numpy as np
import pytest
from comparisons import made_up

import nofb
from nofb import SGD, Dense, Network, rules
from nofb.datasets import Dataset
from nofb.report import differences
from nofb.report.differences import paired_interval
from nofb.runs.compare import compare as by_settings
from nofb.runs.specification import Specification
from nofb.text import latex_table

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), np.arange(60) % 3
DATA = Dataset(X, Y, X[:30], Y[:30], name="mine")


def make(seed):
    return Network([Dense(4, 5, "tanh"), Dense(5, 3)], seed=seed)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = tmp_path_factory.mktemp("own")
    return nofb.compare(["bp", "fa"], make, DATA, 2, epochs=2, out=out, progress=False), out


def test_each_run_is_that_of_fit_with_the_same_seed(found):
    """Other weights, feedback or order than the user's own `fit` would be another experiment."""
    for result in found[0].results:
        run = nofb.fit(make(result.seed), result.rule, DATA, 2, seed=result.seed, progress=False)
        for name in ("loss", "test_accuracy", "delta_angle_end_to_end"):
            np.testing.assert_array_equal(result.history[name], run.history[name])


def test_it_gives_what_nofb_compare_gives(found):
    """Table, page, figures, every number, and tables for a paper."""
    compared, out = found
    assert str(compared).splitlines()[2].split()[:2] == ["bp", "backpropagation"]
    names = {path.name for path in out.iterdir()}
    figures = {f"{stem}.{form}" for stem in nofb.plots.FIGURES for form in ("png", "svg")}
    assert (
        figures | {"report.html", "results.csv", "results.json", "table.md", "table.tex"} == names
    )
    page = (out / "report.html").read_text("utf-8")
    assert "2 learning rules on mine" in page and "0.1, given by hand" in page
    assert compared.units == (5, 3) and compared.weights == (20, 15) and compared.classes == 3
    assert (out / "table.md").read_text("utf-8").startswith(compared.markdown())


def test_rules_with_attributes_and_a_rate_for_each_rule():
    """A fair comparison gives each rule the rate that suits it."""
    mine = rules.make("dfa", entries=1)
    steps = {"bp": SGD(lr=0.3), "dfa": SGD(lr=0.05)}
    compared = nofb.compare(["bp", mine], make, DATA, 1, epochs=1, optimizer=steps, progress=False)
    assert {result.rule: result.lr for result in compared.results} == {"bp": 0.3, "dfa": 0.05}
    alone = nofb.fit(make(0), rules.make("dfa", entries=1), DATA, 1, optimizer=SGD(lr=0.05))
    np.testing.assert_array_equal(compared.curves("dfa", "loss")[0], alone.history["loss"])
    assert compared.settings.lr is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((["bp"], make(0), DATA), "make_network must be a function of the seed"),
        ((["bp"], lambda seed: None, DATA), r"make_network\(0\) must return a nofb.Network"),
        ((["bp", "bq"], make, DATA), r"rule is 'bq' \(did you mean 'bp'\?\), but must be one of"),
        ((["bp", "bp"], make, DATA), "rules holds 'bp' twice"),
        ((["bp", rules.Backprop], make, DATA), "must hold short names or rules"),
        (("bp", make, DATA), "rules must be a list"),
        ((["bp"], make, DATA, 0), "seeds must be at least 1"),
    ],
)
def test_a_mistake_gets_a_sentence(arguments, sentence):
    """Before the first run."""
    with pytest.raises((TypeError, ValueError), match=sentence):
        nofb.compare(*arguments, progress=False)


def test_a_function_that_returns_the_same_network_is_refused():
    """The second rule would begin where the first one ended."""
    net = make(0)
    with pytest.raises(ValueError, match=r"returns a network that was trained"):
        nofb.compare(["bp", "fa"], lambda seed: net, DATA, 1, epochs=1, progress=False)
    with pytest.raises(ValueError, match="a table without the rule 'fa'"):
        nofb.compare(["fa"], make, DATA, 1, optimizer={"bp": SGD()}, progress=False)


# -- paired differences ---------------------------------------------------------------------------


def test_the_interval_is_that_of_a_paired_t_test():
    """t(0.975) with 4 degrees of freedom is 2.776."""
    values = np.array([0.1, 0.3, 0.2, 0.5, 0.4])
    half = 2.776445 * np.std(values, ddof=1) / np.sqrt(5)
    np.testing.assert_allclose(paired_interval(values), (0.3 - half, 0.3 + half), rtol=1e-6)
    assert np.isnan(paired_interval(values[:1])).all()


def test_the_interval_holds_the_true_mean_as_often_as_stated():
    """With the normal instead of the t distribution, three seeds would hold it 81 % of the time."""
    draws = RNG.normal(0.7, 1.0, (4000, 3))
    inside = [low <= 0.7 <= high for low, high in map(paired_interval, draws)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


def test_differences_are_taken_seed_by_seed():
    """Unpaired, the spread of the seeds would hide what both rules share."""
    comparison = made_up(["bp", "fa", "dfa"], seeds=4)
    for each in differences.differences(comparison, "fa"):
        ends = {
            name: [run.history["test_accuracy"][-1] for run in comparison.of(name)]
            for name in (each.rule, "fa")
        }
        one_by_one = np.subtract(ends[each.rule], ends["fa"])
        assert (each.seeds, each.mean) == (4, pytest.approx(one_by_one.mean()))
        assert (each.low, each.high) == pytest.approx(paired_interval(one_by_one))
    assert [each.rule for each in differences.differences(comparison, "fa")] == ["bp", "dfa"]


def test_a_seed_that_only_one_rule_has_finished_is_left_out():
    """A difference needs both."""
    comparison = made_up(["bp", "fa"], seeds=3, stopped=[("fa", 1)])
    (one,) = differences.differences(comparison)
    assert one.seeds == 2
    none = made_up(["bp", "fa"], seeds=1, stopped=[("fa", 0)])
    assert "–" in differences.table(none)
    with pytest.raises(
        ValueError, match=r"reference is 'kp' \(did you mean 'bp'\?\), but must be one of: bp, fa"
    ):
        differences.differences(comparison, "kp")


@pytest.mark.parametrize("classes", [3, None])
def test_every_form_of_the_table_has_the_same_words(classes):
    """The table in the paper must be that of the terminal."""
    comparison = made_up(["bp", "fa"], classes=classes)
    words = differences.rows(comparison)
    for form in differences.FORMS:
        text = differences.table(comparison, form=form)
        for cell in (cell for row in words for cell in row):
            assert cell.replace("%", r"\%" if form == "latex" else "%") in text
    assert ("points" in words[0][3]) == (classes is not None)
    with pytest.raises(ValueError, match="form is 'html'"):
        differences.table(comparison, form="html")


def test_special_signs_are_escaped_in_latex():
    """An underscore in a rule's name stops LaTeX."""
    text = latex_table([["a_b", r"c\d", "50 %"], ["1 ± 2", "90°", "–"]])
    body = text.splitlines()
    assert body[2] == r"a\_b & c\textbackslash{}d & 50 \% \\"
    assert body[4] == r"1 $\pm$ 2 & 90$^\circ$ & -- \\"
    assert not re.search(r"[^\x00-\x7f]", text)


def test_the_settings_of_other_runs_stay_as_they_were():
    """`nofb compare` still states how its rates were found."""
    from nofb.report.origin import rates_note

    comparison = made_up(["bp"])
    assert "0.1, given by hand" in rates_note(comparison.settings)
    searched = replace(comparison, settings=comparison.settings.replace(lr=None))
    assert "`python -m nofb.runs.tune`" in rates_note(searched.settings)


def test_seeds_may_be_a_list_as_in_a_sweep(tmp_path):
    """A researcher adds seeds 5 to 9 to those that are done."""
    log = tmp_path / "runs.jsonl"
    few = {"epochs": 1, "progress": False, "log": log}
    listed = nofb.compare(["bp"], make, DATA, [3, 1], **few)
    assert listed.seeds == [3, 1]
    more = nofb.compare(["bp"], make, DATA, 4, **few)
    assert more.seeds == [0, 1, 2, 3] and len(log.read_text("utf-8").splitlines()) == 4
    np.testing.assert_array_equal(more.curves("bp", "loss")[[3, 1]], listed.curves("bp", "loss"))
    settings = Specification(hidden=(4,), epochs=1, lr=0.1)
    assert by_settings(["bp"], settings, seeds=[2]).seeds == [2]
    for wrong, sentence in [([], "empty list"), ([1, 1], "holds 1 twice"), ([-1], "at least 0")]:
        with pytest.raises(ValueError, match=sentence):
            nofb.compare(["bp"], make, DATA, wrong, **few)
