"""The page's own order of messages: whatever arrives when, each is handed on once and in turn."""

from playwright.sync_api import Browser

from tests.e2e.rooms import HE, room_of, somebody

#: Handed on after each arrival, what is known then, and whether a hole is open.
ARRIVALS = """async (arriving) => {
  const script = document.querySelector('script[src$="js/room/main.js"]').src;
  const { Numbering } = await import(script.replace('main.js', 'numbering.js'));
  const numbers = new Numbering();
  return arriving.map((seq) => {
    const turn = [...numbers.take({ seq })].map((each) => each.seq);
    return [turn, numbers.have, numbers.last, numbers.hasHole];
  });
}"""


def test_messages_are_handed_on_once_and_in_order(chromium: Browser, live: str) -> None:
    with somebody(chromium, live, HE) as patient:
        patient.goto(f"{live}/rooms/{room_of(patient, live)}")
        after = patient.evaluate(ARRIVALS, [1, 3, 5, 3, 2, 1, 4])
    assert after == [
        [[1], 1, 1, False],
        [[], 1, 3, True],
        [[], 1, 5, True],
        [[], 1, 5, True],
        [[2, 3], 3, 5, True],
        [[], 3, 5, True],
        [[4, 5], 5, 5, False],
    ]
