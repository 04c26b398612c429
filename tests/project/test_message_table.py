"""The documentation's table of messages is the one that the wire's tables give."""

from __future__ import annotations

from pathlib import Path

from tradetui.gateway.wire.reference import as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "gateway-messages.md"


def test_the_page_of_messages_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_markdown(), (
        "the wire's tables have changed: run `tradetui gateway --list-messages > docs/gateway-messages.md`"
    )
