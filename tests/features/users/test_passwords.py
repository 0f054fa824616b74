"""Which passwords are refused, and that good ones are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.core.errors import InvalidError
from alphaloop.features.users.passwords import check_password, is_common


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password2026!",
        "P@ssw0rd1234",
        "passwordpassword",
        "administrator",
        "welcome12345",
        "iloveyou1234",
        "qwertyuiop123",
        "1q2w3e4r5t6y",
        "123456789012",
        "abcdefghijklmnop",
        "zyxwvutsrqpon",
        "asdfghjkl;'asdf",
        "aaaaaaaaaaaa",
        "abababababab",
        "abc1abc1abc1",
        "letmein letmein",
        "changeme-changeme",
        "bitcoin trading",
        "correct horse battery staple",
        "monkey.dragon.2020",
        "02081990020819",
    ],
)
def test_what_guessers_try_early_is_refused(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "green kettles sing at 5",
        "mOx7-quilt-Raspy",
        "une chaise bleue parle",
        "我家门前有两棵树还有一口井水",
        "tr4-vx9-plm-q8z",
        "🦊🐢🦉🐙🦔🐝🦋🐌🐞🦂🐍🦎",
        "Xk29fjQ0vbnW",
    ],
)
def test_a_good_password_is_accepted(password: str) -> None:
    check_password(password, username="admin")


def test_a_password_around_the_name_is_refused() -> None:
    assert is_common("maria-l-2024!", username="Maria-L")
    assert not is_common("maria-l rides nine purple goats", username="Maria-L")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("elevenchars", "password_too_short"),
        ("漢" * 11, "password_too_short"),
        ("ab9-xyQz" * 128 + "x", "password_too_long"),
        ("🦊🐢🦉🐙" * 65, "password_too_long"),
        ("green\x00kettles sing", "password_not_text"),
        ("green\ud800kettles sing", "password_not_text"),
        ("password1234", "password_too_common"),
    ],
)
def test_each_reason_has_its_code(password: str, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_password(password)
    assert refused.value.code == code
    assert refused.value.fields == (("password", code),)
    assert password not in refused.value.message or password == ""


def verdict(password: str) -> str:
    try:
        check_password(password, username="admin")
    except InvalidError as refused:
        return refused.code
    return "accepted"


@given(st.text(max_size=300))
def test_any_text_is_either_accepted_or_refused_with_a_code(password: str) -> None:
    code = verdict(password)
    assert code.startswith("password_") or (code == "accepted" and len(password) >= 12)


@given(st.text(alphabet="ab", min_size=12, max_size=200))
def test_two_letters_never_make_a_password(password: str) -> None:
    assert is_common(password)
