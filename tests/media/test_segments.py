"""What a player makes of the segments: whole, of the right length, lips and voice together."""

import asyncio
import itertools
import statistics
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from signaling.recorder.peer import BadOffer, Peer
from signaling.recorder.segments import Reel
from signaling.recorder.spool import Label, Slip
from signaling.recorder.tap import Frame
from telehealth.core.ids import new_id
from tests.media.conftest import NOON, Keeping
from tests.support import clips
from tests.support.clips import Clip, Seen
from tests.support.senders import Sender

pytestmark = pytest.mark.alone

#: The most that voice may be ahead of or behind the lips (ITU-R BT.1359 notices from 45 to 125 ms on).
APART_S = 0.080


async def sent(
    peer: Peer, seconds: float, *, sound: Clip = (), video: Sequence[Clip] = (), codec: str = "VP8",
    lose: int = 0, camera_late_s: float = 0, sound_delay_s: float = 0,
) -> int:  # fmt: skip
    """Send it all and hang up; how many packets were sent again."""
    sender = Sender(codec=codec)
    if sound:
        sender.play("audio", sound)
    if video:
        sender.play("video", *video, late_s=camera_late_s)
    await sender.accept(await peer.answer(await sender.offer()))
    if lose:
        sender.lose(lose)
    if sound_delay_s:
        sender.delay_sound(sound_delay_s)
    await asyncio.sleep(seconds)
    await sender.all_sent()
    await sender.close()
    await peer.close()
    return sender.resent


def watched(keeping: Keeping, leg: str) -> list[tuple[Slip, Seen]]:
    return [(slip, clips.watch(keeping.data(slip))) for slip in keeping.of(leg)]


def apart(*shown: tuple[Slip, Seen]) -> list[float]:
    """Between each flash and the click nearest to it, across cuts."""
    clicks = [_moment(slip, click) for slip, seen in shown for click in seen.clicks]
    flashes = [_moment(slip, flash) for slip, seen in shown for flash in seen.flashes]
    nearest = [min((click - flash for click in clicks), key=abs, default=9.0) for flash in flashes]
    return [gap for gap in nearest if abs(gap) < 0.5]


def _moment(slip: Slip, seconds: float) -> float:
    return (slip.begun_at - NOON).total_seconds() + seconds


async def test_legs_of_every_kind_are_kept_whole_in_time_and_in_step(
    keeping: Callable[[float], Keeping],
) -> None:
    """VP8 and Opus, H.264 and Opus, sound alone: side by side, cut about every two seconds."""
    kept, seconds = keeping(2.0), 5.0
    sound = clips.sound(seconds)
    async with asyncio.TaskGroup() as group:
        for codec in ("VP8", "H264"):
            video = [clips.video(codec, seconds)]
            group.create_task(sent(kept.peer(codec), seconds + 0.6, sound=sound, video=video, codec=codec))
        group.create_task(sent(kept.peer("sound"), seconds + 0.6, sound=sound))

    kinds = {"VP8": "video/webm", "H264": "video/mp4", "sound": "audio/webm"}
    for leg, kind in kinds.items():
        shown = watched(kept, leg)
        assert [slip.cause for slip, _ in shown] == ["start", *["length"] * (len(shown) - 1)]
        assert len(shown) >= 2
        for slip, seen in shown:
            assert slip.content_type == kind
            assert seen.warnings == ()
            assert abs(seen.seconds - slip.duration_ms / 1000) <= 0.02 * max(seen.seconds, 2)
            if leg != "sound":
                assert (slip.width, slip.height) == (160, 120)
        if leg != "sound":
            assert len(apart(*shown)) >= seconds - 1
            assert max(abs(gap) for gap in apart(*shown)) <= APART_S
        # Nothing is lost at the cuts, and nothing is told twice.
        total = sum(slip.duration_ms for slip, _ in shown) / 1000
        assert abs(total - seconds) <= 0.02 * seconds + 0.1
        assert len(sum((seen.clicks for _, seen in shown), ())) >= seconds - 1
        for (before, _), (after, _) in itertools.pairwise(shown):
            gap = (after.begun_at - before.begun_at).total_seconds() - before.duration_ms / 1000
            assert abs(gap) < 0.1


async def test_another_size_and_another_codec_begin_a_new_segment(
    keeping: Callable[[float], Keeping],
) -> None:
    """A phone that is turned; a page that sends H.264 on its next connection; a camera switched on late."""
    kept = keeping(60)
    turned = [clips.video("VP8", 1.5), clips.video("VP8", 1.5, 120, 160)]
    async with asyncio.TaskGroup() as group:
        group.create_task(sent(kept.peer("turned"), 3.6, sound=clips.sound(3), video=turned))
        group.create_task(
            sent(
                kept.peer("late"), 4.4, sound=clips.sound(4), video=[clips.video("VP8", 4)], camera_late_s=2.5
            )
        )

    first, second = watched(kept, "turned")
    assert (first[0].cause, second[0].cause) == ("start", "size")
    assert (first[1].sizes, second[1].sizes) == ({(160, 120)}, {(120, 160)})
    voice, picture = watched(kept, "late")
    assert (voice[0].content_type, picture[0].content_type) == ("audio/webm", "video/webm")
    assert picture[0].cause == "codec"
    assert max(abs(gap) for gap in apart(picture)) <= APART_S
    assert all(seen.warnings == () for _, seen in (first, second, voice, picture))


async def test_packets_lost_on_the_way_are_asked_for_again(keeping: Callable[[float], Keeping]) -> None:
    kept = keeping(60)
    sound, video = clips.sound(3), clips.video("VP8", 3)
    resent = await sent(kept.peer(), 3.8, sound=sound, video=[video], lose=20)

    (shown,) = watched(kept, "patient-page")
    seen = shown[1]
    assert resent >= 3
    assert seen.warnings == ()
    assert seen.video_frames >= 0.95 * len(video)
    assert abs(seen.seconds - 3) < 0.2
    assert abs(statistics.median(apart(shown))) <= APART_S


async def test_sound_that_comes_later_is_put_where_it_was_taken(keeping: Callable[[float], Keeping]) -> None:
    """By the sender's reports: on arrival it is a third of a second behind."""
    kept = keeping(60)
    sound, video = clips.sound(4), clips.video("VP8", 4)
    await sent(kept.peer(), 4.9, sound=sound, video=[video], sound_delay_s=0.35)

    (shown,) = watched(kept, "patient-page")
    # The reports may come a second after the first frames; from then on all is in step.
    assert len(apart(shown)) >= 3
    assert max(abs(gap) for gap in apart(shown)[2:]) <= APART_S


async def test_pictures_of_another_codec_wait_for_one_that_stands_alone(
    keeping: Callable[[float], Keeping],
) -> None:
    kept = keeping(60)
    reel = Reel(
        kept.spool, Label(new_id(), None, new_id(), new_id(), "page", "doctor"), cause="start", segment_s=60,
        has_video=True, wall_at=lambda at: NOON + timedelta(seconds=at), finished=kept.slips.append,
    )  # fmt: skip
    vp8, h264 = clips.video("VP8", 1.5), clips.video("H264", 1.5)
    for one in vp8:
        reel.take(Frame("video", "VP8", one.data, one.at))
    assert not reel.wants_key_frame()
    # The first key frame of the new kind did not arrive.
    for one in h264[1:]:
        reel.take(Frame("video", "H264", one.data, 1.5 + one.at))
        if one.at < 0.4:
            assert reel.wants_key_frame()
    reel.close()

    (first, was), (second, then) = watched(kept, "page")
    assert (first.content_type, second.content_type) == ("video/webm", "video/mp4")
    assert second.cause == "codec"
    assert (was.video_frames, then.video_frames) == (45, 30)
    assert second.begun_at == NOON + timedelta(seconds=2)
    assert was.warnings == then.warnings == ()


async def test_a_call_without_a_camera_is_kept_from_its_first_word(
    keeping: Callable[[float], Keeping],
) -> None:
    """Its page offers a picture, too, and sends none."""
    kept = keeping(60)
    reel = Reel(
        kept.spool, Label(new_id(), None, new_id(), new_id(), "page", "doctor"), cause="start", segment_s=60,
        has_video=True, wall_at=lambda at: NOON + timedelta(seconds=at), finished=kept.slips.append,
    )  # fmt: skip
    for one in clips.sound(4):
        reel.take(Frame("audio", "opus", one.data, one.at))
    reel.close()

    ((slip, seen),) = watched(kept, "page")
    assert (slip.content_type, slip.begun_at, slip.duration_ms) == ("audio/webm", NOON, 4000)
    assert len(seen.clicks) == 4


async def test_what_is_no_offer_of_media_is_refused(keeping: Callable[[float], Keeping]) -> None:
    kept = keeping(60)
    for sdp in ("v=0\r\n", "v=0\r\nm=video x y z\r\n", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"):
        peer = kept.peer()
        try:
            await peer.answer(sdp)
        except BadOffer:
            pass
        else:
            raise AssertionError(sdp)
        finally:
            await peer.close()
    assert kept.slips == []
