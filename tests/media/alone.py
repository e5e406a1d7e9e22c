"""`python -m tests.media.alone`: the recorder process for rooms behind which no visit stands."""

import asyncio

import uvloop

import app
from signaling.recorder.running import record_until_told
from telehealth.core.rooms import RoomJournal
from telehealth.core.settings import Settings
from tests.support.factories.calls import Notebook


async def main() -> None:
    settings = Settings()
    house = app.build_house(settings)
    house.units.join(RoomJournal, Notebook())
    await record_until_told(house.units, house.blobs, settings)
    await house.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
