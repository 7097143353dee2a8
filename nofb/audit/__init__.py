"""Measures by experiment what a rule really uses: `audit("fa")`."""

from nofb.audit import table
from nofb.audit.experiments import audit
from nofb.audit.findings import QUESTIONS, Findings, contradictions

__all__ = ["QUESTIONS", "Findings", "audit", "contradictions", "table"]
