"""Order ids we choose ourselves: derived from the database row, so that a crash can never forget one."""

import re

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_CLIENT_ORDER_ID = re.compile(r"al([a-z2-7]{4})([a-z2-7]{1,13})", re.ASCII)


def encode_base32(number: int) -> str:
    """Lower-case base32 of a non-negative integer without padding; 0 is 'a'."""
    if number < 0:
        raise ValueError("ids are not negative")
    digits = ""
    while True:
        number, rest = divmod(number, 32)
        digits = _ALPHABET[rest] + digits
        if number == 0:
            return digits


def decode_base32(text: str) -> int:
    number = 0
    for char in text:
        number = number * 32 + _ALPHABET.index(char)
    return number


def client_order_id(installation: str, row_id: int) -> str:
    """'al' + the 4-character installation id + base32 of the order's row id: at most 19 characters of [a-z2-7].

    The installation id keeps a fresh database on the same venue account from reusing an old id.
    """
    made = f"al{installation}{encode_base32(row_id)}"
    if not _CLIENT_ORDER_ID.fullmatch(made):
        raise ValueError("an installation id is four characters of a-z and 2-7")
    return made


def parse_client_order_id(text: str) -> tuple[str, int] | None:
    """(installation, row id) of an id made by `client_order_id`, or None for anybody else's."""
    found = _CLIENT_ORDER_ID.fullmatch(text)
    return (found[1], decode_base32(found[2])) if found else None
