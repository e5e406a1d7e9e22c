"""What coturn's REST API expects, reckoned by hand."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from signaling.turn import Address, credential, ice_servers, parse
from telehealth.core.settings import TURN, Profile, Settings

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
WHO = UUID("01940000-0000-7000-8000-000000000001")
URLS = ("turn:relay.example:3478?transport=udp", "turns:relay.example:443?transport=tcp")


def test_a_username_says_when_it_ends_and_the_password_proves_that_we_made_it() -> None:
    # printf USERNAME | openssl dgst -sha1 -hmac north -binary | base64
    given = credential(SecretStr("north"), WHO, NOW, ttl_s=3600)
    assert given.username == "1795230000:01940000-0000-7000-8000-000000000001"
    assert given.password == "yujd24vIZo4cEF0K7Wy5W8M/7YE="
    assert given.expires_at == NOW + timedelta(hours=1)


def test_a_browser_is_given_one_relay_with_all_its_urls_and_no_stranger() -> None:
    turn = TURN(urls=URLS, secret=SecretStr("north"))
    servers, until = ice_servers(Settings(profile=Profile.TEST, turn=turn), WHO, NOW)
    assert [(server["urls"], sorted(server)) for server in servers] == [
        (list(URLS), ["credential", "urls", "username"])
    ]
    assert until == NOW + timedelta(hours=1)


def test_without_a_relay_nobody_is_asked() -> None:
    assert ice_servers(Settings(profile=Profile.TEST), WHO, NOW) == ([], None)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (URLS[0], Address("relay.example", 3478, "udp", False)),
        (URLS[1], Address("relay.example", 443, "tcp", True)),
        ("turn:relay.example", Address("relay.example", 3478, "udp", False)),
        ("turns:[2001:db8::1]", Address("2001:db8::1", 5349, "tcp", True)),
        ("turn:[2001:db8::1]:99?transport=tcp", Address("2001:db8::1", 99, "tcp", False)),
    ],
)
def test_a_url_is_read_as_browsers_read_it(url: str, address: Address) -> None:
    assert parse(url) == address


@pytest.mark.parametrize("url", ["stun:relay.example", "https://relay.example", "turn:"])
def test_what_is_no_relay_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="begins with turn"):
        parse(url)
