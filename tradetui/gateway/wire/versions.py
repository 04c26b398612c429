"""Server versions at which the layout of a message changes. Names follow the official API's version constants.

Invariant: no other module writes such a number literally.
"""

from typing import Final

FLOOR: Final = 157
"""The oldest version the gateway speaks; every gate below it always holds."""
DEFAULT_CAP: Final = 178
"""The newest version offered unless the operator raises or lowers the cap."""
CEILING: Final = 193
"""The newest version the tables know."""

DURATION: Final = 158
POST_TO_ATS: Final = 160
AUTO_CANCEL_PARENT: Final = 162
FRACTIONAL_SIZES: Final = 163
SIZE_RULES: Final = 164
SCHEDULES: Final = 165
ADVANCED_REJECT: Final = 166
MANUAL_ORDER_TIME: Final = 169
PEG_OFFSETS: Final = 170
WSH_FILTERS: Final = 171
WSH_DATES: Final = 173
INSTRUMENT_TIMEZONE: Final = 174
ISSUER_ID: Final = 176
NO_FA_PROFILE: Final = 177
PENDING_PRICE_REVISION: Final = 178
FUND_FIELDS: Final = 179
EXERCISE_TIME: Final = 180
LAST_TRADE_DATE: Final = 182
CUSTOMER_ACCOUNT: Final = 183
PROFESSIONAL_CUSTOMER: Final = 184
BOND_ACCRUED_INTEREST: Final = 185
INELIGIBILITY: Final = 186
RFQ: Final = 187
INCLUDE_OVERNIGHT: Final = 189
NO_RFQ: Final = 190
CME_TAGGING: Final = 192
CME_TAGGING_OPEN_ORDER: Final = 193
NEVER: Final = 1 << 30
"""Upper gate of a field that is still there."""
