"""1: the error, the slope, and the weight update."""

from __future__ import annotations

from nofb.course.chapters import losses, updates
from nofb.course.task import Item

TITLE = "The error, the slope, the weight update"

ITEMS: list[Item] = [*losses.ITEMS, *updates.ITEMS]
