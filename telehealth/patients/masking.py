"""Names and numbers as lists, notices and logs may show them."""


def mask_name(name: str) -> str:
    """周晓岚 → 周**; Elena Morant → E***********."""
    return name[:1] + "*" * max(1, len(name) - 1)


def mask_number(number: str) -> str:
    """The first three and last four of a long number, less of a short one; its length is not told."""
    if len(number) >= 12:
        return f"{number[:3]}****{number[-4:]}"
    return f"{number[:1]}****{number[-2:]}"


def mask_card(number: str) -> str:
    return f"****{number[-4:]}"
