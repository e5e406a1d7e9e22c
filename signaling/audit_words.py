from signaling.states import Ending
from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

_SIDES = {"doctor": N_("医生"), "patient": N_("患者"), "colleague": N_("会诊医生"), "helper": N_("陪诊人")}

WORDS = AuditWords(
    "signaling",
    N_("音视频与录制"),
    events={
        "call.active": N_("通话已接通"),
        "call.ended": N_("通话结束"),
        "call.had_media": N_("双方已有音视频"),
        "call.joined": N_("加入通话"),
        "call.left": N_("离开通话"),
        "call.rang": N_("发起呼叫"),
        "call.recorder_lost": N_("录制中断"),
        "call.recording_on": N_("录制开始"),
        "recording.asked": N_("请求录制通话"),
        "recording.leased": N_("录制任务已领取"),
        "recording.stored": N_("录制片段已保存"),
    },
    subjects={"calls": N_("通话"), "recording_segments": N_("录制片段")},
    facts={
        "by": N_("发起方"),
        "chain": N_("链指纹"),
        "media": N_("方式"),
        "number": N_("序号"),
        "peers": N_("通话端"),
        "proof": N_("依据"),
        "recorder": N_("录制程序"),
        "turn": N_("轮次"),
    },
    values={
        "by": _SIDES,
        "role": _SIDES,
        "media": {"video": N_("视频"), "audio": N_("语音")},
        "why": {"joined": N_("有人加入"), "silent": N_("没有收到音视频")},
        "proof": {"reported": N_("双方设备报告"), "recorded": N_("录制所见")},
        "reason": {
            Ending.DECLINED: N_("对方拒接"),
            Ending.CANCELLED: N_("取消呼叫"),
            Ending.UNANSWERED: N_("无人接听"),
            Ending.HUNG_UP: N_("已挂断"),
            Ending.LOST: N_("断线"),
            Ending.NOT_RECORDED: N_("未能录制"),
            Ending.ROOM_CLOSED: N_("诊室关闭"),
        },
    },
    scopes={
        "recording": N_("录制"),
        "room calls": N_("诊室通话"),
        "room presence": N_("诊室在线状态"),
        "room signals": N_("诊室信令"),
    },
)
