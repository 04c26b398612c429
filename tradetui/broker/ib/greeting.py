"""Whose account this is: the account id decides paper or live, and a mismatch with the profile refuses to trade."""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.broker.ib.settings import IBSettings
from tradetui.broker.ib.text import clean_text
from tradetui.domain.account import is_paper_account, mask_account
from tradetui.domain.errors import BrokerError


class SessionRefused(BrokerError):
    """We refuse this gateway: no order is ever written and no further attempt made until the operator acts."""


def chosen_account(settings: IBSettings, offered: Sequence[str], traded: str = "") -> str:
    """Return the account to trade; `traded` is the one of an earlier session of this run.

    Raises:
        SessionRefused: not offered, not chosen among several, another than before, or live where paper is configured
            and the reverse.
    """
    names = ", ".join(mask_account(clean_text(account)) for account in offered)
    if traded and traded not in offered:
        raise SessionRefused(
            f"the gateway now offers {names}, this run trades {mask_account(traded)}; log in to it again and restart"
        )
    if settings.account and settings.account not in offered:
        raise SessionRefused(
            f"the gateway offers {names}, not {mask_account(settings.account)}; "
            "correct broker.account or log in to the right account"
        )
    if not settings.account and not traded and len(offered) != 1:
        raise SessionRefused(f"the gateway offers {len(offered)} accounts ({names}); set broker.account")
    account = settings.account or traded or offered[0]
    if is_paper_account(account) != settings.paper:
        kind, wanted = ("paper", "live") if is_paper_account(account) else ("live", "paper")
        raise SessionRefused(
            f"account {mask_account(account)} is a {kind} account, the profile is for {wanted} money; "
            f"nothing is traded: connect to a {wanted} log-in or use the {kind} profile"
        )
    return account
