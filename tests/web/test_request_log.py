"""What the log of requests says, and what it must not."""

import httpx2
import pytest
from structlog.testing import capture_logs

from telehealth.core.ids import new_id, share_token

Client = httpx2.AsyncClient
SECRET = "Zr3_kQ9vT1xW-b7NfYp0sLmHcEaUdGoJ"


@pytest.mark.parametrize(
    "path",
    ["/shared/{}", "/shared/{}/not-a-paper", "/shared/{}/", "/api/v1/screens/{}", "/help-seat/{}",
     "/api/v1/helper-invitations/{}/acceptance", "/papers/{}"],
)  # fmt: skip
async def test_GD08_a_link_that_is_its_own_key_is_in_no_log(http: Client, path: str) -> None:
    with capture_logs() as logs:
        await http.get(path.format(SECRET))
    [line] = [line for line in logs if line["event"] == "request.done"]
    assert line["path"] == path.format("***")
    assert SECRET not in str(logs)


async def test_paths_and_ids_are_in_the_log_as_they_are(http: Client) -> None:
    path = f"/api/v1/consultation-participants/{new_id()}/very-long-words-of-ours"
    with capture_logs() as logs:
        await http.get(path)
    assert path in [line.get("path") for line in logs]


async def test_GD08_no_token_that_we_make_is_taken_for_a_word(http: Client) -> None:
    tokens = [share_token() for _ in range(50)] + [share_token()[:20] for _ in range(50)]
    with capture_logs() as logs:
        for token in tokens:
            await http.get(f"/shared/{token}")
    assert not any(token in str(logs) for token in tokens)
