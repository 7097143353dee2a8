"""The nine chapters: each a list of tasks and questions."""
