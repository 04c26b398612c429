"""Environment names: `TRADETUI_SECTION__KEY`, and the plain names that set-ups of this system have always used."""

from __future__ import annotations

from tradetui.config.secret import SECRET_NAMES
from tradetui.config.toml_lines import KeyPath

PREFIX = "TRADETUI_"
SEPARATOR = "__"

HISTORICAL: dict[str, KeyPath] = {
    "IB_HOST": ("broker", "host"),
    "IB_PORT": ("broker", "port"),
    "IB_CLIENT_ID": ("broker", "client_id"),
    "IB_ACCOUNT": ("broker", "account"),
    "MAX_POSITION_SIZE": ("risk", "max_position_notional"),
    "MAX_LEVERAGE": ("risk", "max_leverage"),
    "DAILY_LOSS_LIMIT": ("risk", "daily_loss_limit"),
    "TWILIO_WHATSAPP_FROM": ("alerts", "whatsapp_from"),
    "TWILIO_WHATSAPP_TO": ("alerts", "recipients"),
    "TWILIO_CONTENT_SID": ("alerts", "content_sid"),
}

# Names with our prefix that choose the configuration or the program's behaviour instead of setting a key of it.
RESERVED = frozenset({"TRADETUI_HOME", "TRADETUI_PROFILE", "TRADETUI_DEBUG"})


def key_path(name: str) -> KeyPath | None:
    """Return the key that an environment name sets, or None when it sets none of ours.

    A name with our prefix always gives a path, known or not, so that a slip in it is refused instead of ignored.
    """
    if name in HISTORICAL:
        return HISTORICAL[name]
    if not name.startswith(PREFIX) or name in RESERVED or name in SECRET_NAMES:
        return None
    return tuple(part.lower() for part in name.removeprefix(PREFIX).split(SEPARATOR))


def known_names() -> frozenset[str]:
    """Return the names without our prefix that may stand in `.env`."""
    return frozenset(HISTORICAL) | SECRET_NAMES | RESERVED
