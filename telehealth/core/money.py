"""Integer fen, never a float."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import NewType

from telehealth.core.errors import Invalid

Fen = NewType("Fen", int)


class AmountInvalid(Invalid):
    code = "amount_invalid"
    detail = "金额格式不正确"


def allocate(total: Fen, weights: Sequence[int]) -> list[Fen]:
    """Share `total` by weight with largest remainders: the parts always sum to the whole.

    Ties go to the earlier part. Raises ValueError when there is nothing to share by.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must be non-negative and not all zero")
    floors = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in order[: total - sum(floors)]:
        floors[index] += 1
    return [Fen(part) for part in floors]


def parse_yuan(text: str) -> Fen:
    """'12.30' → 1230. Raises AmountInvalid for anything with more than two decimals or not a number."""
    try:
        amount = Decimal(text) * 100
    except InvalidOperation:
        raise AmountInvalid() from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise AmountInvalid()
    return Fen(int(amount))


def yuan(amount: Fen | int) -> str:
    """1230 → '12.30'."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"
