"""All that people use of a running agent: the wall, the pages, the acts of commands."""

from __future__ import annotations

from healthmon.runtime.act_entry import ActEntry
from healthmon.runtime.agent import Agent
from healthmon.runtime.field_work import FieldWork
from healthmon.runtime.listener_config import WebListener
from healthmon.runtime.page_feed import feed_of
from healthmon.runtime.shift_check import ShiftCheck
from healthmon.runtime.shift_feed import publisher_of, shift_feed_of
from healthmon.runtime.wall_feed import wall_of
from healthmon_exporters.pages.routes import Pages
from healthmon_exporters.pages.sections import Sections


class Desk:
    """The `entry` of acts and the `sections` of pages of an agent, with the same shift check and work
    on devices behind them.
    """

    def __init__(self, agent: Agent, pages: WebListener) -> None:
        check, work = ShiftCheck(agent), FieldWork(agent)
        self.wall = wall_of(agent)
        self.entry = ActEntry(agent, pages, check, work)
        self.sections = Sections(
            wall=self.wall,
            pages=Pages(feed_of(agent, check, work)),
            shift=shift_feed_of(agent),
            publisher=lambda: publisher_of(agent),
        )
