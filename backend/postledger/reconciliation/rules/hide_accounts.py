"""Hides account numbers in the names of files, which are shown and sent to others. Pure."""

import re
from collections.abc import Iterator

from postledger.reconciliation.rules.account_numbers import is_iban, normalise_account

HIDDEN = "***"
FEWEST_DIGITS = 8
"""A part of a number with fewer digits is not hidden, because it can be part of anything."""
_FEWEST_DIGITS_OF_AN_IBAN = 10
"""No country has fewer behind the check digits. A text that looks like an IBAN by chance rarely has so many."""
_LONG = 10
"""So many characters of a number are hidden wherever they stand in it. Fewer must be its end, where the account is."""
_BETWEEN = "[ \u00a0._-]?"
# The registry of ISO 13616, and the countries that use IBANs without being in it.
_LENGTHS = (
    "AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28 CM27 CR22 CV25 CY28"
    " CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GA27 GB22 GE22 GI23 GL18 GQ27 GR27 GT28 GW25"
    " HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MA28 MC27"
    " MD24 ME22 MG27 MK19 ML28 MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22"
    " RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)


def hide_ibans(text: str) -> str:
    """Hide each IBAN with right check digits, also if it is written in groups of four."""
    written = [match[1] for match in _WRITTEN_IBAN.finditer(text) if _is_right(match[1])]
    for each in written:
        text = text.replace(each, HIDDEN)
    return text


def can_hold_number(text: str) -> bool:
    """Whether a text has enough digits for a part of an account number."""
    return len(re.findall("[0-9]", text)) >= FEWEST_DIGITS


def hide_parts(text: str, number: str) -> str:
    """Hide an account number and the parts of it that name the account, such as that behind the code of the bank."""
    for part in (number, *_list_parts(number[4:] if is_iban(number) else number)):
        if can_hold_number(part) and part in normalise_account(text):
            text = re.sub(f"(?<![0-9]){_BETWEEN.join(part)}(?![0-9])", HIDDEN, text, flags=re.IGNORECASE)
    return text


def _list_parts(number: str) -> Iterator[str]:
    """List the parts of a number, the longest first."""
    for length in range(len(number), _LONG - 1, -1):
        yield from (number[start : start + length] for start in range(len(number) - length + 1))
    yield from (number[-length:] for length in range(_LONG - 1, FEWEST_DIGITS - 1, -1))


def _is_right(written: str) -> bool:
    plain = re.sub("[^A-Z0-9]", "", written.upper())
    return is_iban(plain) and len(re.findall("[0-9]", plain[4:])) >= _FEWEST_DIGITS_OF_AN_IBAN


def _write_pattern(country: str, length: int) -> str:
    groups, rest = divmod(length - 4, 4)
    end = f"{_BETWEEN}[A-Z0-9]{{{rest}}}" if rest else ""
    return f"{country}[0-9]{{2}}(?:{_BETWEEN}[A-Z0-9]{{4}}){{{groups}}}{end}"


# One match can begin within another, so a match takes no characters.
_WRITTEN_IBAN = re.compile(
    f"(?=({'|'.join(_write_pattern(each[:2], int(each[2:])) for each in _LENGTHS.split())}))", re.IGNORECASE | re.ASCII
)
