"""Client keys: known ones name their caller, everything else is turned away and not repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.access.keys import ANONYMOUS, ClientKeys, require_keys_beyond_loopback
from router.errors import SettingsInvalid, UnknownCaller
from router.upstreams.credentials import Secret

KEY = "tw-canary-77aa"
KEYS = ClientKeys({"shop": Secret(KEY), "blog": Secret("tw-other-12bc")})


@pytest.mark.parametrize(
    ("header", "caller"),
    [
        (f"Bearer {KEY}".encode(), "shop"),
        (f"bearer {KEY}".encode(), "shop"),
        (f"BEARER  {KEY} ".encode(), "shop"),
        (b"Bearer tw-other-12bc", "blog"),
    ],
)
def test_a_known_key_names_its_caller(header, caller):
    """The scheme's case and spaces around the key do not matter."""
    assert KEYS.authenticate(header) == caller


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        KEY.encode(),
        f"Basic {KEY}".encode(),
        f"Bearer {KEY}x".encode(),
        f"Bearer {KEY[:-1]}".encode(),
        f"Bearer {KEY.upper()}".encode(),
        b"Bearer \xff\x00",
        b"Bearer ' OR 1=1 --",
        b"Bearer " + b"x" * 1_000_000,
    ],
)
def test_everything_else_is_refused_unrepeated(header):
    """No key, another scheme and a near miss are 401 with the fix, and the header is not echoed."""
    with pytest.raises(UnknownCaller) as caught:
        KEYS.authenticate(header)
    assert caught.value.status == 401
    assert "canary" not in f"{caught.value} {caught.value.fix}".lower()


@given(st.binary(max_size=60))
def test_no_random_header_is_let_in(header):
    """Whatever stands in the header, only a configured key gives a caller."""
    with pytest.raises(UnknownCaller):
        KEYS.authenticate(b"Bearer " + header)


@pytest.mark.parametrize("header", [None, b"Bearer anything", b"\xff"])
def test_without_keys_everybody_is_anonymous(header):
    """Where no key is configured none is asked for."""
    assert ClientKeys({}).authenticate(header) == ANONYMOUS


def test_two_callers_with_one_key_are_refused():
    """A key shared by two names would count one's spending for the other."""
    with pytest.raises(SettingsInvalid, match="'shop' and 'blog'") as caught:
        ClientKeys({"shop": Secret(KEY), "blog": Secret(KEY)})
    assert "canary" not in str(caught.value)


def test_keys_are_not_kept_in_the_clear():
    """What is kept and shown of the keys is no key."""
    assert "canary" not in f"{KEYS!r} {KEYS._callers!r}"
    assert len(KEYS) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_needs_no_keys(host):
    """Nobody else can reach the loopback interface."""
    require_keys_beyond_loopback(host, has_keys=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.7", "192.168.1.4", "proxy.example", "2130706433"])
def test_other_addresses_need_keys(host):
    """Beyond loopback the start is refused without keys, with the fix, and allowed with them."""
    require_keys_beyond_loopback(host, has_keys=True)
    with pytest.raises(SettingsInvalid) as caught:
        require_keys_beyond_loopback(host, has_keys=False)
    assert "127.0.0.1" in caught.value.fix
