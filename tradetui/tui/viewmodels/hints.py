"""What is said about the commands: the footer, the palette and the help, all from the command classes."""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.tui.commands.base import Command, key_name
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.viewmodels.picture import Picture


def footer_line(commands: Sequence[Command], picture: Picture, width: int) -> Line:
    """Return the keys that can be used now, as many as fit into `width` cells, the kill key always first."""
    shown = sorted(
        (c for c in commands if c.footer is not None and c.keys and (c.always or not c.refusal(picture))),
        key=lambda c: c.footer or 0,
    )
    spans: list[Span] = []
    used = 0
    for command in shown:
        key, title = key_name(command.keys[0]), command.title
        size = len(key) + len(title) + 3
        if spans and used + size > width:
            break
        used += size
        if command.always:
            spans.append(Span(f" {key} {title} ", Tone.ALARM))
        else:
            spans += [Span(f" {key}", Tone.KEY), Span(f" {title} ", Tone.LABEL)]
    return tuple(spans)


def palette_entries(commands: Sequence[Command], picture: Picture, typed: str) -> list[tuple[Command, str]]:
    """Return the commands that can be given now and match the first word `typed`, each with what it would do."""
    word = typed.split(maxsplit=1)[0].lower() if typed.split() else ""
    offered = [c for c in commands if c.in_palette and not c.refusal(picture)]
    starting = [c for c in offered if c.id.startswith(word) or c.title.lower().startswith(word)]
    holding = [c for c in offered if c not in starting and (word in c.id or word in c.title.lower())]
    return [(command, command.consequence(picture)) for command in (*starting, *holding)]


def help_lines(commands: Sequence[Command], picture: Picture) -> tuple[Line, ...]:
    """Return all commands by group, with keys, help and, where it cannot be given now, the reason."""
    lines: list[Line] = []
    for group in dict.fromkeys(command.group for command in commands):
        lines += [(), (Span(group.upper(), Tone.STRONG),)] if lines else [(Span(group.upper(), Tone.STRONG),)]
        lines += [_help_line(c, picture) for c in commands if c.group == group]
    return tuple(lines)


def _help_line(command: Command, picture: Picture) -> Line:
    keys = " ".join(key_name(key) for key in command.keys)
    refusal = command.refusal(picture)
    tone = Tone.DIM if refusal else Tone.TEXT
    spans = [
        Span(f"{keys:<10}", Tone.KEY if not refusal else Tone.DIM),
        Span(f"{command.title:<14}", Tone.LABEL),
        Span(command.help, tone),
    ]
    if refusal:
        spans.append(Span(f" (not now: {refusal})", Tone.WARN))
    return tuple(spans)
