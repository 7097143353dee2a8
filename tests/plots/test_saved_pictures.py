"""Figures as files, at the width of a paper's column."""

import pytest
from comparisons import made_up
from matplotlib.image import imread

import nofb
from nofb import plots
from nofb.plots.picture import DPI, WIDTHS

STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.mark.parametrize(
    ("form", "width"), [("svg", None), ("pdf", "column"), ("png", "full"), ("png", 5)]
)
def test_a_picture_is_saved_in_each_form_and_width_and_does_not_change(form, width, tmp_path):
    """One call for a paper; the figure in the notebook stays as it was."""
    picture = plots.learning_curves(made_up(["bp", "fa"]), "dark")
    before = picture.to_bytes("png")
    path = tmp_path / f"curves.{form}"
    picture.save(path, width)
    assert path.read_bytes().startswith(STARTS[form])
    assert picture.to_bytes("png") == before
    if form == "png" and width is not None:
        inches = WIDTHS.get(width, width)
        assert imread(path).shape[1] == pytest.approx(DPI * inches, abs=2)


def inside(picture):
    """Return whether titles, labels and legends are inside the figure."""
    picture.draw_without_rendering()
    words = [text for legend in picture.legends for text in legend.get_texts()]
    for axes in picture.axes:
        words += [axes.title, axes.xaxis.label, axes.yaxis.label]
    boxes = [text.get_window_extent() for text in words if text.get_text()]
    assert len(boxes) > 10
    return all(picture.bbox.x0 - 1 <= box.x0 <= box.x1 <= picture.bbox.x1 + 1 for box in boxes)


@pytest.mark.parametrize("width", [3.4, 7.0])
def test_no_text_leaves_the_page_at_the_width_of_a_column(width):
    """A title that is cut cannot be printed."""
    picture = plots.learning_curves(made_up(["bp", "fa", "dfa", "kp", "wm"]))
    picture.infer_shapes()
    with plots.paper.at_width(picture, width):
        assert inside(picture)
        assert picture.get_figwidth() == pytest.approx(width)
        sizes = {round(text.get_fontsize(), 1) for axes in picture.axes for text in [axes.title]}
        assert sizes == {8.0}


def test_an_image_at_the_width_of_a_column_leaves_no_empty_bands():
    """Its squares stay squares, so a height for more would be blank paper."""
    net, data = nofb.Network([nofb.Dense(64, 10)]), nofb.datasets.load("digits")
    picture = plots.confusion(net, data)
    with plots.paper.at_width(picture, 3.4):
        picture.draw_without_rendering()
        box = picture.axes[0].get_tightbbox()
        assert box.height > 0.93 * picture.bbox.height


def test_narrow_panels_are_put_below_each_other():
    """Three panels of an inch each show nothing."""
    picture = plots.learning_curves(made_up(["bp", "fa"]))
    with plots.paper.at_width(picture, 3.4):
        picture.draw_without_rendering()
        tops = [axes.get_position().y1 for axes in picture.axes]
        assert tops == sorted(tops, reverse=True) and len(set(tops)) == 3
        assert min(axes.get_position().width for axes in picture.axes) > 0.6


def test_saving_twice_gives_the_same_bytes(tmp_path):
    """A PDF in a repository must not change when it is drawn again."""
    files = [tmp_path / f"{number}.pdf" for number in range(2)]
    for file in files:
        plots.learning_curves(made_up(["bp", "fa"])).save(file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_another_ending_or_width_is_refused(tmp_path):
    """Before the file is written."""
    picture = plots.learning_curves(made_up(["bp"]))
    with pytest.raises(ValueError, match=r"must end in one of: \.png, \.svg, \.pdf"):
        picture.save(tmp_path / "curves.jpg")
    with pytest.raises(ValueError, match="width is 'wide', but must be one of: column, full"):
        picture.save(tmp_path / "curves.pdf", "wide")
    with pytest.raises(ValueError, match="width must be finite and greater than 0"):
        picture.save(tmp_path / "curves.pdf", 0)
    assert not list(tmp_path.iterdir())
