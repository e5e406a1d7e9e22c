"""Our own payment adapter at the sandbox, opened as a test wishes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from telehealth.payments.adapters.wechatpay import WeChatPayProvider
from tests.support.sandbox import Sandbox
from tests.support.wechatpay import Open, wechatpay


@pytest.fixture
async def opened(sandbox: Sandbox) -> AsyncIterator[Open]:
    """`opened(*codes, **settings)`: providers as wished, closed afterwards."""
    held: list[WeChatPayProvider] = []

    def open_one(*codes: str, **changed: Any) -> WeChatPayProvider:
        held.append(wechatpay(sandbox, *codes, **changed))
        return held[-1]

    yield open_one
    for provider in held:
        await provider.aclose()


@pytest.fixture
def pay(opened: Open) -> WeChatPayProvider:
    """Of the sample hospital `yunan`."""
    return opened()
