"""How the site is built: `python -m sphinx -W docs docs/_build/html`."""

import os
import sys
from pathlib import Path

from sphinxcontrib.katex import katex_version

import nofb

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ["TQDM_DISABLE"] = "1"  # a progress bar would load scripts from the network

project, author, version = "nofb", "the nofb authors", nofb.__version__
copyright = author
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinxcontrib.katex",
    "gathered_pages",
    "lesson_downloads",
    "stated_bounds",
]
exclude_patterns = ["_build"]
default_role = "literal"
add_module_names = False
smartquotes_action = "De"  # no quotation marks: f'(a) is a slope
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say in words, and with shapes, what an argument is
napoleon_google_docstring = False

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_disable_syntax = ["myst_line_comment"]  # a line that begins with % is text here
myst_heading_anchors = 3
nb_execution_mode = "force"  # a cache would not see that the package has changed
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_ipywidgets_js = {}  # would load scripts from the network; sliders bring a picture as well
nb_mime_priority_overrides = [
    ("html", "application/vnd.jupyter.widget-view+json", None),
    ("html", "image/png", 0),  # a figure as HTML contains it twice; site.css has a dark form
]

html_theme = "furo"
html_title = "nofb"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js", "stepper.js"]
html_copy_source = html_show_sourcelink = html_show_sphinx = html_show_copyright = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-code-background": "#f5f6f8"},
    "dark_css_variables": {"color-code-background": "#1e2126"},
}
copybutton_prompt_text, copybutton_prompt_is_regexp = r">>> |\.\.\. ", True

# Another version of KaTeX's style sheet than of its script would put subscripts on top of letters.
katex_css_path = "katex/katex.min.css"
if f'content:"{katex_version}"' not in (HERE / "_static" / katex_css_path).read_text("utf-8"):
    raise RuntimeError(f"docs/_static/katex must have the files of KaTeX {katex_version}")
