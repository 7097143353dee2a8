"""One update as a page to step through in a browser: lines, equations, arrays, and the network.

`data` makes everything that the page shows from a walk, `page` the page.
"""

from nofb.explain.stepper.data import data
from nofb.explain.stepper.page import page

__all__ = ["data", "page"]
