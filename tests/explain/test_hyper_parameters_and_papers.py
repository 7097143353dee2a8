"""The hyper-parameters and papers of all rules, as `nofb explain` and `nofb cite` print them."""

import re
from dataclasses import fields

import pytest

from nofb import explain, rules, transfer
from nofb.cli import main
from nofb.explain.citation import cite, entries, linked
from nofb.explain.headers import header
from nofb.explain.hyper_parameters import hyper_parameters, meaning
from nofb.explain.subjects import subjects
from nofb.rules import RULES

ALL = {kind.name: kind for kind in subjects()}


@pytest.mark.parametrize("name", ALL)
def test_every_hyper_parameter_is_shown_with_its_default_and_its_meaning(name):
    """A name without a meaning is what a student has to look up in the code."""
    kind = ALL[name]
    owner = kind if name in RULES else kind.options_type
    wanted = [each.name for each in fields(owner) if each.init]
    shown = list(hyper_parameters(name))
    assert [each.label for each in shown] == [f"Hyper-parameter {each}" for each in wanted]
    for each, paragraph in zip(wanted, shown, strict=True):
        assert len(meaning(owner, each)) > 10, each
        assert meaning(owner, each) in paragraph.text


@pytest.mark.parametrize("name", ALL)
def test_no_two_hyper_parameters_share_one_description(name):
    """ "Before training, and after each step" does not say which of the two is which."""
    owner = ALL[name] if name in RULES else ALL[name].options_type
    said = [meaning(owner, each.name) for each in fields(owner) if each.init]
    assert len(set(said)) == len(said)


def test_bounds_and_defaults_are_those_that_the_rule_checks():
    """The text is made from the same line as the check, so it cannot state others."""
    (_, decay) = hyper_parameters("kp")
    assert decay.text.startswith("0.001 (at least 0 and less than 1). λ, per step")
    said = {each.label.split()[1]: each.text for each in hyper_parameters("wm")}
    assert said["samples"].startswith("64 (a whole number, at least 1).")
    assert said["rate"].startswith("None (greater than 0, or None).")
    assert said["noise"].startswith("gaussian (one of gaussian, uniform).")
    assert said["centred"].startswith("True (True or False).")


def test_an_object_shows_its_own_values_and_a_subclass_its_own_defaults():
    """The preset of a paper has other values than the class."""
    (_, decay) = hyper_parameters(rules.KolenPollack(decay=0.25))
    assert decay.text.startswith("0.25 (")

    class Faster(rules.KolenPollack):
        name = "faster"
        decay = 0.5

    (_, decay) = hyper_parameters(Faster)
    assert decay.text.startswith("0.5 (")
    options = {each.label.split()[1]: each.text for each in hyper_parameters("lora")}
    assert options["rank"].startswith("4 (a whole number, at least 1). r, at most")
    assert "alpha" in options and transfer.LoRA.name == "lora"


def test_by_default_only_the_rules_own_file_is_shown_and_the_rest_on_request(capsys):
    """A student who asks for Kolen-Pollack wants its two kernels, not the training loop."""
    assert main(["explain", "kp"]) == 0
    short = capsys.readouterr().out
    assert "The rule, nofb/rules/kolen_pollack.py" in short and "reciprocal_product" in short
    assert "What it runs of" not in short and "What all rules share" not in short
    assert "nofb explain kp --all" in short and "Hyper-parameter decay: 0.001" in short
    assert main(["explain", "kp", "--all"]) == 0
    whole = capsys.readouterr().out
    assert "What it runs of nofb/rules/feedback_alignment.py" in whole
    assert "What all rules share" in whole and "--all" not in whole
    assert repr(explain("kp", everything=True)) == whole.rstrip("\n")


@pytest.mark.parametrize("name", ALL)
def test_every_rule_and_method_can_be_cited_by_each_paper_that_its_header_numbers(name):
    """A paper that is named but cannot be cited would be copied by hand, with mistakes."""
    paper = header(name).paper
    if name == "shallow":
        with pytest.raises(ValueError, match="names no paper that nofb knows"):
            cite(name)
        return
    text = cite(name)
    assert set(re.findall(r"eprint = \{(.*)\}", text)) == set(
        re.findall(r"arXiv ([\d.]+\d)", paper)
    )
    assert "keywords" not in text
    authors = re.findall(r"author = \{(\w+|N\{.o\}kland),", text)
    for author in authors:
        assert author.replace("{\\o}", "ø") in paper


def test_every_entry_is_complete_and_belongs_to_some_rule():
    """An entry that nothing cites is dead, and one without a year cannot be cited."""
    keys = [re.match(r"@\w+\{(\w+),", entry)[1] for entry in entries()]
    assert len(set(keys)) == len(keys)
    cited = "".join(cite(name) for name in ALL if name != "shallow")
    for key, entry in zip(keys, entries(), strict=True):
        assert f"{{{key}," in cited, key
        assert all(f"  {field} = {{" in entry for field in ("author", "title", "year"))
        assert key[-4:] == re.search(r"year = \{(\d{4})\}", entry)[1]
        assert entry.count("{") == entry.count("}")


def test_the_command_prints_each_paper_once(capsys):
    """Kolen-Pollack and the mirror are in one paper."""
    assert main(["cite", "kp", "wm", "toast"]) == 0
    out = capsys.readouterr().out
    assert out.count("@inproceedings{akrout2019,") == 1 and "@misc{shi2023," in out
    assert main(["cite", "nobody"]) == 2
    assert "rule is 'nobody'" in capsys.readouterr().err


def test_papers_are_links_on_a_page():
    """A reader clicks on the number."""
    assert "[arXiv 1904.05391](https://arxiv.org/abs/1904.05391)" in linked(header("kp").paper)
    assert "(https://doi.org/10.1038/323533a0)" in linked(header("bp").paper)


def test_the_list_of_rules_fits_a_terminal_and_has_each_rule_with_its_paper(capsys):
    """A table of 200 columns wraps, and nothing can be read."""
    assert main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    for name, rule in RULES.items():
        (at,) = [i for i, line in enumerate(lines) if line.split(" ")[0] == name]
        said = " ".join(" ".join(lines[at : at + 4]).split())
        assert f"{rule.title} ({rule.paper})" in said
    (at,) = [i for i, line in enumerate(lines) if line.startswith("kp ")]
    assert lines[at + 1].strip() == "uses error, learned feedback"
