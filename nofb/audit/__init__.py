"""Measures by experiment what a rule really uses: `audit("fa")`; and so for TOAST's path."""

from nofb.audit import table, top_down_table
from nofb.audit.experiments import audit
from nofb.audit.findings import QUESTIONS, Findings, contradictions
from nofb.audit.top_down import TopDown, top_down

__all__ = ["QUESTIONS", "Findings", "TopDown", "audit", "contradictions", "table", "top_down",
           "top_down_table"]  # fmt: skip
