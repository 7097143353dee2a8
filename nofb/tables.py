"""A result that is a table: as Markdown and as LaTeX, with the same words."""

from __future__ import annotations

from abc import ABC, abstractmethod

from nofb.text import latex_table, markdown


class Tabular(ABC):
    """Anything with a table of words, the names of the columns first."""

    @abstractmethod
    def words(self) -> list[list[str]]:
        """Return the table as words, the names of the columns first."""

    def markdown(self) -> str:
        """Return the table as Markdown."""
        return markdown(self.words())

    def latex(self) -> str:
        """Return the table as LaTeX; it needs the package booktabs."""
        return latex_table(self.words())
