"""Where the two signatures stand: the template leaves the room, the signer fills it.

Points from the lower left of an A5 page, as PDF counts. `templates/sheet.typ` receives these numbers.
"""

from dataclasses import dataclass

from prescriptions.ports import SheetField


@dataclass(frozen=True, slots=True)
class Box:
    left: int
    bottom: int
    width: int
    height: int

    @property
    def corners(self) -> tuple[int, int, int, int]:
        return self.left, self.bottom, self.left + self.width, self.bottom + self.height


BOXES = {
    SheetField.DOCTOR: Box(34, 74, 138, 40),
    SheetField.PHARMACIST: Box(182, 74, 138, 40),
}
