"""Shi et al. 2023, "TOAST", on text: is a frozen reader steered better than it is adapted?

`nofb.papers.pretrain_language` made the language model that nofb ships; MiniLM was trained by
others. `sentiment` asks MiniLM for praise and blame, and `language` asks a reader of Shakespeare
for source code.
"""

from nofb.papers.study import Study
from nofb.papers.toast_text import language, sentiment

STUDY = Study(
    "toast_text",
    "Shi et al. 2023 on text: TOAST beside other methods of transfer (needs the extra transfer)",
    "an hour and a half on one idle core",
    ("movie_reviews",),
    (sentiment.PART, language.PART),
)
