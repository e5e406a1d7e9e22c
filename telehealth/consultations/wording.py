"""What a room's page says, as message ids: the lines the room itself writes, and the words of its scripts."""

from collections.abc import Callable, Mapping
from typing import Any

from telehealth.core.i18n import N_

#: `event`, or `event.code` where the code makes a difference → the line; `{length}`, `{role}` are facts.
EVENTS: Mapping[str, str] = {
    "admitted": N_("医生已接诊"),
    "concluded": N_("医生结束了本次就诊"),
    "closed": N_("本次就诊已结束"),
    "closed.cancelled": N_("预约已取消，本次就诊结束"),
    "closed.withdrawn": N_("医生判断不适合线上就诊，费用全额退回，不计爽约"),
    "closed.unattended": N_("当日无人接诊，费用自动全额退回，不计爽约"),
    "closed.clinic_closed": N_("医院停诊，费用全额退回"),
    "closed.ineligible_at_admission": N_("接诊时核对不符合线上复诊的条件，费用全额退回"),
    "closed.unfinished": N_("医生没有按时完成这次就诊，费用全额退回，不计爽约"),
    "closed.patient_absent": N_("医生多次呼叫未应答，本次就诊结束"),
    "urgent": N_("情况紧急，已通知医生和值班人员"),
    "urgent.worse": N_("患者感觉更不舒服，已通知医生和值班人员"),
    "urgent.red_flag": N_("提到了可能紧急的症状，已通知医生和值班人员"),
    "consent": N_("通话录音录像的选择有更新"),
    "consent.agreed": N_("{role}同意通话录音录像"),
    "consent.refused": N_("{role}选择不录音录像，改用文字就诊"),
    "helper_joined": N_("家属协助者已加入"),
    "helper_left": N_("家属协助者已离开"),
    "colleague_joined": N_("另一位医生已加入"),
    "colleague_left": N_("另一位医生已离开"),
    "reminded": N_("医生提醒患者进入诊室"),
    "note_signed": N_("医生签署了病历"),
    "call_rang": N_("发起通话"),
    "call_connected": N_("通话已接通"),
    "call_ended": N_("通话结束，时长 {length}"),
    "call_ended.hung_up": N_("通话结束，时长 {length}"),
    "call_ended.lost": N_("通话因网络中断结束，可以继续用文字就诊"),
    "call_ended.declined": N_("通话被谢绝"),
    "call_ended.cancelled": N_("通话已取消"),
    "call_ended.unanswered": N_("通话无人接听"),
    "call_ended.not_recorded": N_("录音录像没有就绪，通话已停止，可以继续用文字就诊"),
    "call_ended.room_closed": N_("就诊结束，通话已停止"),
    "recording_on": N_("通话正在录音录像"),
    # XY29: what became of a prescription; features above announce it as a card.
    "prescription": N_("处方有更新"),
    "prescription.signed": N_("药师审核中"),
    "prescription.returned": N_("药师退回，医生正在修改"),
    "prescription.refused": N_("药师不予通过"),
    "prescription.passed": N_("审核通过，待缴费"),
    "prescription.spent": N_("已缴费，药房处理中"),
    "prescription.paid": N_("已缴费，药房处理中"),
    "prescription.packing": N_("配药中"),
    "prescription.ready": N_("药已配好，请到窗口取药"),
    "prescription.sent": N_("已寄出"),
    "prescription.delivered": N_("已签收"),
    "prescription.collected": N_("已取药"),
    "prescription.expired": N_("已过期，未缴费"),
    "prescription.voided": N_("已作废"),
    "prescription.undone": N_("无法配药，药费全额退回"),
}

#: A card's title, and the words of its link by the state of what it shows.
CARDS: Mapping[str, str] = {
    "prescription": N_("处方"),
    "open": N_("查看处方"),
    "passed": N_("选择取药方式并缴费"),
    "ready": N_("查看取药码"),
}
#: Card states that call for somebody, and those that are good news.
CARD_TONES: Mapping[str, str] = {
    "signed": "info", "passed": "brand", "returned": "warn", "refused": "danger", "expired": "warn",
    "voided": "warn", "undone": "warn", "spent": "ok", "paid": "ok", "packing": "ok", "sent": "ok",
    "ready": "brand", "delivered": "ok", "collected": "ok",
}  # fmt: skip

#: Where a card leads: the patient's page, the staff's.
PATIENT_DOOR, STAFF_DOOR = "/prescriptions", "/staff/prescriptions"

ROLES: Mapping[str, str] = {
    "patient": N_("患者"),
    "helper": N_("家属协助"),
    "doctor": N_("医生"),
    "colleague": N_("会诊医生"),
}

#: Why the buttons of a call are not there: `Terms.refusal`.
REFUSALS: Mapping[str, str] = {
    "not_admitted": N_("医生接诊后可以通话"),
    "not_agreed": N_("没有同意通话录音录像，用文字继续就诊，不影响就诊"),
    "asked": N_("双方回答是否同意通话录音录像后可以通话"),
    "over": N_("本次就诊已结束"),
    "full": N_("通话人数已满"),
}

_TEXTS: Mapping[str, Any] = {
    "sending": N_("发送中"),
    "waiting_network": N_("等待网络，自动重发"),
    "delivered": N_("已送达"),
    "read": N_("已读"),
    "not_sent": N_("没有发出"),
    "send_again": N_("重发"),
    "discard": N_("删除"),
    "uploading": N_("上传中"),
    "checking": N_("检查中"),
    "upload_failed": N_("没有上传成功"),
    "upload_waiting": N_("网络中断，恢复后自动继续"),
    "upload_unfinished": N_("上次没有传完，请重新选择这个文件"),
    "cancel": N_("取消"),
    "wrote": N_("{name}：{text}"),
    "a_file": N_("发来一个文件"),
    "photo": N_("照片"),
    "document": N_("文件"),
    "voice": N_("语音"),
    "voice_short": N_("录音太短，请再试一次"),
    "play_voice": N_("语音 {n} 秒，点按播放"),
    "enlarge": N_("放大"),
    "open": N_("查看"),
    "placeholder": N_("描述症状或提问"),
    "not_yet": N_("接诊后可以发送"),
    "over": N_("本次就诊已结束"),
    "position": N_("您前面还有 {n} 位"),
    "position_first": N_("下一位就是您"),
    "expected": N_("预计 {time} 前接诊"),
    "doctor_here": N_("医生在诊室"),
    "doctor_away": N_("医生暂不在诊室，会收到提醒"),
    "doctor_seen": N_("医生 {time} 来过诊室"),
    "comma": N_("、"),
    "dial": N_("拨打 {number}"),
    "worse_unsent": N_("提醒没有发出，请直接拨打急救电话"),
    "copied": N_("已复制，请到浏览器中粘贴打开"),
    "net": {
        "waiting": N_("网络中断，正在重新连接；写下的内容不会丢失"),
        "polling": N_("连接不稳定，已改用慢速方式收发消息"),
        "signed_out": N_("登录已过期，请重新登录；写下的内容还在"),
        "forbidden": N_("您已不在这个诊室中"),
        "over": N_("本次就诊已结束"),
        "outdated": N_("页面需要更新，请刷新"),
        "elsewhere": N_("诊室已在另一个窗口打开"),
        "broken": N_("连接出错，请刷新页面"),
    },
    "errors": {
        "unavailable": N_("暂时没有成功，请稍后再试"),
        "offline": N_("网络中断，连上后再试"),
        "too_many": N_("操作太快，请稍后再试"),
        "too_large": N_("内容太长"),
        "call_over": N_("通话已经结束"),
        "unknown_call": N_("通话已经结束"),
        "call_refused": N_("现在不能通话"),
        "room_closed": N_("本次就诊已结束"),
        "not_allowed": N_("现在不能这样做"),
        "file_not_ready": N_("文件还没有准备好"),
        "not_a_member": N_("您不在这次通话中"),
        "bad_message": N_("没有发出"),
    },
    "consent": {
        "agreed": N_("您同意通话时录音录像"),
        "refused": N_("您选择不录音录像，用文字就诊"),
        "thanks": N_("已记下：同意通话时录音录像，随时可以更改"),
        "fine": N_("已记下：不录音录像。用文字继续就诊，不影响就诊，也不计爽约"),
    },
    "call": {
        "calling": N_("正在呼叫…"),
        "rings": N_("{name}邀请您通话"),
        "asks_audio": N_("语音通话"),
        "asks_video": N_("视频通话"),
        "connecting": N_("正在接通…"),
        "reconnecting": N_("网络中断，正在重新连接…"),
        "elsewhere": N_("您已在另一台设备上通话"),
        "running": N_("诊室正在通话"),
        "will_record": N_("通话会录音录像，双方已同意"),
        "recording": N_("正在录音录像"),
        "recording_soon": N_("录音录像即将开始"),
        "own_reduced": N_("网络较弱，已暂停您的画面，声音继续；网络好转后自动恢复"),
        "no_picture": N_("对方的画面已暂停，声音继续"),
        "only_listening": N_("麦克风没有打开，您能听到对方，对方听不到您"),
        "mute": N_("静音"),
        "unmute": N_("取消静音"),
        "camera_on": N_("打开摄像头"),
        "camera_off": N_("关闭摄像头"),
        "smaller": N_("缩小，边通话边看消息"),
        "larger": N_("放大通话画面"),
        "ended": {
            "declined": N_("对方暂时不方便通话"),
            "cancelled": N_("通话已取消"),
            "unanswered": N_("无人接听，可以留言"),
            "hung_up": N_("通话结束"),
            "lost": N_("网络中断，通话结束；可以继续用文字就诊"),
            "not_recorded": N_("录音录像没有就绪，通话停止；可以继续用文字就诊"),
            "room_closed": N_("本次就诊已结束"),
            "replaced": N_("已转到新的通话"),
        },
    },
    "trouble_audio": {
        "denied": N_("没有麦克风权限：请在浏览器或手机设置中允许，再试一次；也可以用文字"),
        "none": N_("没有找到麦克风；可以用文字"),
        "busy": N_("麦克风正被其他应用使用：请关闭后再试"),
        "insecure": N_("当前网址不安全，浏览器不允许使用麦克风"),
        "inapp": N_("当前应用内不能使用麦克风：请在浏览器中打开"),
        "inmini": N_("小程序内不能使用麦克风：请点“复制链接”，到手机浏览器打开"),
        "unsupported": N_("当前浏览器不能使用麦克风：请换浏览器"),
        "failed": N_("麦克风没有打开，请再试一次"),
    },
    "trouble_video": {
        "denied": N_("没有摄像头权限：请在浏览器或手机设置中允许；可以先用语音"),
        "none": N_("没有找到摄像头；可以用语音"),
        "busy": N_("摄像头正被其他应用使用：请关闭后再试；可以先用语音"),
        "insecure": N_("当前网址不安全，浏览器不允许使用摄像头"),
        "inapp": N_("当前应用内不能使用摄像头：请在浏览器中打开"),
        "inmini": N_("小程序内不能使用摄像头：请点“复制链接”，到手机浏览器打开"),
        "unsupported": N_("当前浏览器不能使用摄像头：请换浏览器"),
        "failed": N_("摄像头没有打开，可以先用语音"),
    },
    "help": {
        "denied": N_(
            "浏览器没有得到许可。请点地址栏左侧的图标，或到手机“设置”里的应用权限，允许摄像头和麦克风，然后重新检测。"
        ),
        "none": N_("没有找到设备。电脑请插好摄像头或耳机再检测；没有摄像头也可以用语音或文字就诊。"),
        "busy": N_("设备正被其他应用占用。请关闭其他视频、会议或录音应用，再检测一次。"),
        "quiet": N_("没有听到声音。请对着手机说话，检查耳机和静音键。"),
        "insecure": N_("当前网址不是安全连接，浏览器不允许使用摄像头和麦克风。请用医院的 https 网址打开。"),
        "inapp": N_("当前应用内的浏览器不能通话。请点右上角“在浏览器打开”，或复制链接；文字和照片仍可发送。"),
        "inmini": N_(
            "小程序内打不开摄像头和麦克风。请点下面的“复制链接”，到手机浏览器打开并登录，回到同一个诊室；文字和照片仍可在这里发送。"
        ),
        "unsupported": N_("当前浏览器不能通话。请换用新版手机浏览器打开；文字和照片仍可发送。"),
        "network": N_("网络中转没有连通，通话可能接不通。请换一个网络（如手机流量）再检测；文字不受影响。"),
        "failed": N_("没有检测成功，请再试一次；文字和照片仍可发送。"),
    },
    "check": {
        "fine": N_("可以正常通话"),
        "partly": N_("有一项没有通过，请看说明；文字就诊不受影响"),
        "speak": N_("请说几句话"),
        "heard": N_("听到了您的声音"),
        "silent": N_("没有听到声音"),
        "states": {
            "wait": N_("检测中…"),
            "ok": N_("正常"),
            "denied": N_("没有权限"),
            "none": N_("没有找到"),
            "busy": N_("被占用"),
            "quiet": N_("没有听到声音"),
            "insecure": N_("网址不安全"),
            "inapp": N_("应用内不可用"),
            "inmini": N_("小程序内不可用"),
            "unsupported": N_("浏览器不支持"),
            "failed": N_("没有通过"),
        },
    },
}  # fmt: skip


def room_texts(say: Callable[[str], str]) -> dict[str, Any]:
    """Everything the room's scripts say, in the reader's language."""
    texts: dict[str, Any] = _said(_TEXTS, say)
    # The main doctor's and the patient's lines need no name; a guest's do.
    labels = {"helper": ROLES["helper"], "colleague": ROLES["colleague"]}
    return texts | {
        "events": _said(EVENTS, say),
        "cards": _said(CARDS, say),
        "card_tones": dict(CARD_TONES),
        "refusals": _said(REFUSALS, say),
        "roles": _said(labels, say),
        "roles_long": _said(ROLES, say),
    }


def event_line(facts: Mapping[str, Any], say: Callable[[str], str]) -> str:
    """One line of the room itself; "" for what is not shown."""
    event, code = str(facts.get("event", "")), str(facts.get("code", facts.get("state", "")))
    if "agreed" in facts:
        code = "agreed" if facts["agreed"] else "refused"
    words = EVENTS.get(f"{event}.{code}") or EVENTS.get(event)
    if words is None:
        return ""
    seconds = int(facts.get("seconds", 0))
    role = ROLES.get(str(facts.get("role", "")), "")
    said = say(words).replace("{length}", f"{seconds // 60}:{seconds % 60:02}")
    return said.replace("{role}", say(role) if role else "")


def card_of(facts: Mapping[str, Any], say: Callable[[str], str], *, door: str) -> dict[str, str] | None:
    """A prescription's card as it is drawn; `door` leads to it, "" for who may only know of it."""
    if facts.get("event") != "prescription":
        return None
    state = str(facts.get("state", ""))
    is_patients = door == PATIENT_DOOR
    return {
        "title": say(CARDS["prescription"]),
        "number": str(facts.get("number", "")),
        "text": event_line(facts, say),
        "tone": CARD_TONES.get(state, ""),
        "href": f"{door}/{facts.get('prescription', '')}" if door else "",
        "label": say(CARDS.get(state, CARDS["open"]) if is_patients else CARDS["open"]),
    }


def _said(words: Mapping[str, Any], say: Callable[[str], str]) -> dict[str, Any]:
    return {
        key: _said(value, say) if isinstance(value, Mapping) else say(value) for key, value in words.items()
    }
