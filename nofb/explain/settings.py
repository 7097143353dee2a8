"""The small networks that can show one update of a rule or a method, simplest first."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from types import CodeType, FrameType
from typing import Any

from nofb.explain.method_example import MethodSetting
from nofb.explain.running import DEEP, SMALL, RuleSetting, watching
from nofb.explain.subjects import Subject, as_class
from nofb.network import Network
from nofb.rules import Rule
from nofb.settings import changed
from nofb.transfer import Transferred

Setting = RuleSetting | MethodSetting
SMALLER = {"count": 1, "rank": 1, "fused": False}  # than the defaults, so that lines fit a page


def settings_for(subject: str | Subject | Rule | Transferred) -> list[Setting]:
    """Return the networks that can show an update; later ones have more equations."""
    kind = as_class(subject)
    if issubclass(kind, Rule):
        return [RuleSetting(SMALL), RuleSetting(DEEP)]
    names = {each.name for each in fields(kind.options_type)}
    chosen = changed(subject.options) if isinstance(subject, Transferred) else {}
    options = {name: size for name, size in SMALLER.items() if name in names} | chosen
    found: list[Setting] = [MethodSetting(options)]
    learns = getattr(kind.options_type(**chosen), "train_a", False)  # only then it is pre-tuned
    if learns and "stage" not in chosen:
        found.append(MethodSetting(options | {"stage": "pretune"}))
    return found


def run_codes(subject: str | Subject | Rule | Transferred) -> dict[CodeType, str]:
    """Return the code in the files of a rule or a method that runs in one update, with its module.

    The code in which a method connects its layers is not part of an update.
    """
    ran: dict[CodeType, str] = {}

    def note(frame: FrameType, event: str, argument: Any) -> None:
        ran[frame.f_code] = frame.f_globals["__name__"]

    def watch(net: Network | None) -> AbstractContextManager[None]:
        return watching(note, as_class(subject)) if net else nullcontext()

    settings_for(subject)[-1].run(subject, 0, watch)  # type: ignore[arg-type]
    return ran
