"""Which learning rate does each rule want?

`python -m nofb.papers.residual.search` writes found.json.
"""

from pathlib import Path

from nofb.papers.found import write_found
from nofb.papers.residual.errors import TABLE

if __name__ == "__main__":
    write_found(TABLE.searches(), Path(__file__), jobs=2, log=Path("nofb-residual.jsonl"))
