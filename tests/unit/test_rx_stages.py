"""Where a sheet stands, in the patient's words: nothing is promised that was not decided."""

import pytest

from prescriptions.models import Prescription
from prescriptions.patient.stages import CAPABILITIES, Stage, stage_of
from prescriptions.settling.models import Fulfilment
from prescriptions.states import DispatchState, FulfilmentState, RxState
from tests.support.factories.sheets import ISSUED_AT


def test_every_stage_has_words() -> None:
    assert set(CAPABILITIES) == set(Stage)


@pytest.mark.parametrize(
    ("paid", "rx", "expected"),
    [
        (FulfilmentState.PAID, RxState.SPENT, Stage.ABANDONED),
        (FulfilmentState.UNDONE, RxState.VOIDED, Stage.UNDONE),
    ],
)
def test_REG48_money_is_said_to_go_back_only_once_that_is_decided(
    paid: FulfilmentState, rx: RxState, expected: Stage
) -> None:
    sheet, way = Prescription(state=rx), Fulfilment(state=paid)
    found = stage_of(sheet, way, now=ISSUED_AT, dispatch=DispatchState.CANCELLED)
    assert found is expected
    assert ("退回" in CAPABILITIES[found].label) is (expected is Stage.UNDONE)
