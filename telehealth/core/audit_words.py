"""How the audit log reads to a person. Names in the log are permanent and exact; words may change.

Each feature contributes ("audit_words", WORDS) for what it records itself. Chinese, translated where
shown; a name without words is shown as it stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from telehealth.core.i18n import N_


@dataclass(frozen=True, slots=True)
class AuditWords:
    """The words of one part of the hospital's work.

    `subjects` by kind, mostly a table; `facts` by key, where `FACTS` has no word or a wrong one;
    `values` by key, then by code; `money` are keys in fen; `scopes` by the reason of a system unit;
    `actors` by the name of one who is no person.
    """

    key: str
    area: str
    events: Mapping[str, str] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    money: frozenset[str] = frozenset()
    scopes: Mapping[str, str] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)


#: Keys that mean the same wherever they are recorded.
FACTS: Mapping[str, str] = {
    "account": N_("账号"),
    "after": N_("变更后"),
    "again": N_("再次出具"),
    "amount": N_("金额"),
    "approved": N_("通过"),
    "before": N_("变更前"),
    "binding": N_("家庭共济"),
    "booking": N_("预约号"),
    "by": N_("经由"),
    "cash": N_("现金部分"),
    "cause": N_("原因"),
    "changed": N_("改动的项目"),
    "channel": N_("渠道"),
    "charge": N_("收费单"),
    "code": N_("原因"),
    "content_type": N_("文件类型"),
    "count": N_("数量"),
    "day": N_("日期"),
    "days": N_("天数"),
    "digest": N_("内容指纹"),
    "doctor": N_("医生"),
    "drug": N_("药品编码"),
    "ends_at": N_("结束时间"),
    "evidence": N_("依据"),
    "first": N_("自"),
    "fund": N_("统筹基金"),
    "granted": N_("同意"),
    "insured": N_("医保部分"),
    "key": N_("系统接口密钥"),
    "kind": N_("类型"),
    "last": N_("至"),
    "late": N_("已超时"),
    "level": N_("级别"),
    "lot": N_("批号"),
    "missing": N_("缺少的材料"),
    "number": N_("编号"),
    "other": N_("其他基金"),
    "ours": N_("我方金额"),
    "outcome": N_("处理结果"),
    "owner": N_("处理人"),
    "paid_at": N_("支付时间"),
    "papers": N_("材料数"),
    "party": N_("对方"),
    "passed": N_("通过"),
    "path": N_("领药方式"),
    "pay_by": N_("缴费截止"),
    "person": N_("就诊人"),
    "personal": N_("个人账户"),
    "pharmacy": N_("药房"),
    "policy": N_("规则版本"),
    "purpose": N_("用途"),
    "reason": N_("原因"),
    "reference": N_("流水号"),
    "refund": N_("退款单"),
    "relation": N_("关系"),
    "role": N_("角色"),
    "roles": N_("角色"),
    "room": N_("诊室"),
    "seconds": N_("时长（秒）"),
    "sha256": N_("文件指纹"),
    "size": N_("文件大小（字节）"),
    "starts_at": N_("开始时间"),
    "state": N_("状态"),
    "theirs": N_("对方金额"),
    "told": N_("已通知人数"),
    "total": N_("总金额"),
    "until": N_("截止"),
    "version": N_("版本"),
    "way": N_("方式"),
    "why": N_("原因"),
    "word": N_("对方答复"),
}
