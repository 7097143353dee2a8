"""Figures for slides: every picture with which a cell of a lesson ends, captioned and licensed."""

import pytest

from nofb.cli import main
from nofb.course import figures, lessons

LESSON = """# %% [markdown]
# # 99 A lesson
#
# ## The first section
#
# What is drawn.
#
# $$
# a = b
# $$

# %%
from nofb.plots import Picture, slider


def line(slope):
    picture = Picture(4, 3)
    picture.subplots().plot([0, 1], [0, slope])
    return picture


print("not a figure")

# %%
slider(line, slope=[1, 2, 3])

# %% [markdown]
# ## The second section
#
# Another one.

# %%
line(5)

# %%
3 + 4
"""


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    path = tmp_path / "99_a_lesson.py"
    path.write_text(LESSON)
    monkeypatch.setattr(lessons, "scripts", lambda: {"99": path})
    return tmp_path


def test_every_picture_of_a_lesson_is_shown_with_its_section_and_paragraph(lesson, capsys):
    found = list(lessons.shown(lessons.script("99")))
    assert [(each.section, each.caption) for each in found] == [
        ("The first section", "What is drawn."),
        ("The second section", "Another one."),
    ]
    assert found[0].picture.axes[0].lines[0].get_ydata()[1] == 2  # the middle of the slider
    assert capsys.readouterr().out == ""


def test_figures_are_svg_and_png_with_a_caption_and_a_licence(lesson):
    """A teacher who takes one figure into slides must not lose where it is from."""
    paths = [path.name for path in figures.write(lesson / "out")]
    assert paths == [
        "lesson_99_figure_1.svg", "lesson_99_figure_1.png",
        "lesson_99_figure_2.svg", "lesson_99_figure_2.png", "captions.md",
    ]  # fmt: skip
    svg = (lesson / "out" / "lesson_99_figure_2.svg").read_text("utf-8")
    assert "MIT licence" in svg and "Lesson 99, figure 2" in svg
    text = (lesson / "out" / "captions.md").read_text("utf-8")
    assert "![The second section](lesson_99_figure_2.svg)" in text and "MIT licence" in text


def test_a_figure_is_the_same_file_when_it_is_written_again(lesson):
    """Otherwise slides under version control would change without a reason."""
    first, second = (list(figures.write(lesson / name)) for name in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_an_unknown_lesson_is_named_before_anything_runs(tmp_path, capsys):
    assert main(["course", "figures", str(tmp_path / "out"), "--lesson", "77"]) != 0
    assert "77" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_all_lessons_are_found():
    assert list(lessons.scripts()) == [f"{number:02d}" for number in range(len(lessons.scripts()))]
    assert len(lessons.scripts()) >= 13


@pytest.mark.slow
@pytest.mark.parametrize("number", lessons.scripts())
def test_every_lesson_gives_figures(number, tmp_path):
    assert sum(path.suffix == ".svg" for path in figures.write(tmp_path, [number])) >= 2


TWO_FIGURES = LESSON.replace(
    "# %%\nline(5)\n",
    "# %%\nline(5)\n\n# %%\nsecond = line(6)\nsecond.axes[0].set_title('the panel')\nsecond\n",
).replace("# Another one.", "# Why it is so. In the figure, the line is steep. It is blue.")


def test_two_figures_under_one_paragraph_have_captions_of_their_own(lesson):
    """Both slides said the same, and most of it was not about the figure."""
    lessons.script("99").write_text(TWO_FIGURES)
    list(figures.write(lesson / "out", ["99"]))
    text = (lesson / "out" / "captions.md").read_text("utf-8")
    assert "The second section.** In the figure, the line is steep. It is blue.\n" in text
    assert "The second section.** Panels: the panel.\n" in text and "Why it is so" not in text
