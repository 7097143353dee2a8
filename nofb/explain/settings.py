"""The small networks that are tried to show one update of a rule or a method, simplest first."""

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
SMALLER = {"count": 1, "rank": 1, "fused": False}  # than by default, so that lines fit a page


def settings_for(subject: str | Subject | Rule | Transferred) -> list[Setting]:
    """Return what an update can be shown with; later ones have equations that others lack."""
    kind = as_class(subject)
    if issubclass(kind, Rule):
        return [RuleSetting(SMALL), RuleSetting(DEEP)]
    names = {each.name for each in fields(kind.options_type)}
    chosen = changed(subject.options) if isinstance(subject, Transferred) else {}
    options = {name: size for name, size in SMALLER.items() if name in names} | chosen
    found: list[Setting] = [MethodSetting(options)]
    if "stage" in names - chosen.keys():
        found.append(MethodSetting(options | {"stage": "pretune"}))
    return found


def run_codes(subject: str | Subject | Rule | Transferred) -> dict[CodeType, str]:
    """Return what runs of the files of a rule or a method in one update, each with its module.

    How a method puts its layers together is no part of an update.
    """
    ran: dict[CodeType, str] = {}

    def note(frame: FrameType, event: str, argument: Any) -> None:
        ran[frame.f_code] = frame.f_globals["__name__"]

    def watch(net: Network | None) -> AbstractContextManager[None]:
        return watching(note, as_class(subject)) if net else nullcontext()

    settings_for(subject)[-1].run(subject, 0, watch)  # type: ignore[arg-type]
    return ran
