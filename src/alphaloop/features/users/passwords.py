"""Which passwords are too easy to guess: words everybody tries first, runs over the keyboard, and repetitions."""

from itertools import pairwise

from alphaloop.core.errors import InvalidError
from alphaloop.infra.security import MAX_PASSWORD_BYTES

MIN_LENGTH = 12

# Words that guessing lists are built from; a password made of at most four of them, digits aside, is refused.
_WORD_TEXT = """
password passwort passw0rd passwd passphrase pass word pwd mima secret geheim admin administrator adm root superuser
sysadmin system user username guest test tester testing demo sample example default change changeme me changeit
please login logon signin letmein let in welcome willkommen bienvenue hello hallo hi access enter open sesame master
monkey dragon shadow sunshine princess football baseball basketball soccer hockey superman batman spiderman pokemon
naruto starwars matrix killer hunter ranger trustno trust iloveyou love lovely loveme woaini forever baby angel
flower butterfly chocolate cookie banana orange apple cherry summer winter spring autumn january february march
april may june july august september october november december monday tuesday wednesday thursday friday saturday
sunday qwerty qwertz azerty asdf zxcv abc abcd abcde abcdef one two three four five michael jordan jennifer jessica
michelle charlie thomas robert daniel andrew joshua matthew ashley nicole maverick phoenix mustang ferrari porsche
mercedes corvette harley yamaha samsung google facebook twitter microsoft windows internet computer server database
oracle mysql postgres linux ubuntu cisco network security company office business private public money dollar
bitcoin btc crypto ethereum binance trading trader trade stock stocks market quant alpha loop alphaloop invest
investor wallet bank account finance chan strategy liverpool arsenal chelsea barcelona madrid china beijing shanghai
america london paris newyork world freedom whatever nothing something blink purple yellow silver golden diamond
tiger eagle falcon wolf panda jackson correct horse battery staple super new my your the this is and my1 our key
code pin number
"""
_WORDS = frozenset(_WORD_TEXT.split())
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_ROWS = (
    "1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "abcdefghijklmnopqrstuvwxyz",
)
_NEXT = frozenset(pair for row in _ROWS for way in (row, row[::-1]) for pair in pairwise(way))
_MAX_COMMON_WORDS = 4
_MIN_SURPRISES = 5


def check_password(password: str, *, username: str = "") -> None:
    """InvalidError unless the password has 12 characters, at most 1024 bytes, no NUL, and is no common one."""
    if "\x00" in password or any("\ud800" <= char <= "\udfff" for char in password):
        raise _refused("password_not_text", "A password cannot hold that character.")
    if len(password) < MIN_LENGTH:
        raise _refused("password_too_short", f"A password has at least {MIN_LENGTH} characters.")
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise _refused("password_too_long", f"A password has at most {MAX_PASSWORD_BYTES} bytes.")
    if is_common(password, username=username):
        raise _refused("password_too_common", "That password is easy to guess; choose another.")


def is_common(password: str, *, username: str = "") -> bool:
    """Whether the password is of a kind that guessers try early."""
    folded = password.casefold()
    name = username.casefold()
    if len(name) >= 3 and name in folded and len(folded.replace(name, "")) < 8:
        return True
    if len(set(folded)) <= 4 or _repeats(folded) or _surprises(folded) < _MIN_SURPRISES:
        return True
    if folded.isdecimal() and len(folded) < 20:
        return True
    # A number behind a word is decoration, a number inside it stands for a letter: p@ssw0rd1234.
    core = folded.strip("0123456789 .,;:!?-_+*#$%&/()=")
    decorated = len(folded) - len(core) <= 8 and _made_of_words(core.translate(_LEET))
    return decorated or _made_of_words(folded) or _made_of_words(folded.translate(_LEET))


def _repeats(text: str) -> bool:
    """Whether the text is a short block over and over ('abc1abc1abc1')."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, len(text) // 2 + 1) if size <= 6)


def _surprises(text: str) -> int:
    """How many characters do not simply follow from the one before: same, next in a row of keys, or its way back."""
    return 1 + sum(a != b and (a, b) not in _NEXT for a, b in pairwise(text))


def _made_of_words(text: str) -> bool:
    letters = "".join(char for char in text if char.isalpha())
    others = len(text) - len(letters)
    if not letters or others > 8:
        return False
    fewest = [0] + [_MAX_COMMON_WORDS + 1] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 16), end):
            if letters[start:end] in _WORDS:
                fewest[end] = min(fewest[end], fewest[start] + 1)
    return fewest[-1] <= _MAX_COMMON_WORDS


def _refused(code: str, message: str) -> InvalidError:
    return InvalidError(message, code=code, fields=(("password", code),))
