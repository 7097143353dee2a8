"""8: convolution, residual sums, attention's derivative, and TOAST."""

from __future__ import annotations

from nofb.course.chapters import attention, convolution, toast
from nofb.course.task import Item

TITLE = "Convolution, residual sums, attention"

ITEMS: list[Item] = [*convolution.ITEMS, *attention.ITEMS, *toast.ITEMS]
