"""Who comes with a fresh sandbox, and what each of them shows."""

from dataclasses import dataclass

from telehealth.sandbox.people import (
    Contact,
    Person,
    Visit,
    born,
    days_ago,
    first_day_that_still_counts,
    months_ago,
    turning,
)

_HYPERTENSION = ("I10", "原发性高血压")
_DIABETES = ("E11.9", "2型糖尿病不伴有并发症")
_INSOMNIA = ("G47.0", "失眠")
_ASTHMA = ("J45.9", "支气管哮喘")
_RHINITIS = ("J30.4", "变应性鼻炎")
_GASTRITIS = ("K29.5", "慢性胃炎")
_MIGRAINE = ("G43.9", "偏头痛")
_CORONARY = ("I25.1", "冠状动脉粥样硬化性心脏病")
_KIDNEY = ("N18.3", "慢性肾脏病3期")
_ECZEMA = ("L20.9", "特应性皮炎")
_THYROID = ("E03.9", "甲状腺功能减退症")

_EAST = "yunan-east"
_WEST = "yunan-west"

# One person a paragraph: id, hospital, name, gender, birth, card, phone; what they show; visits; the rest.
# fmt: off
YUNAN = (
    Person(
        "yn01", "yunan", "周", "晓岚", "female", born(1986, 4, 12), "YA00010001", "13800000101",
        "三周前看过门诊，可在线复诊", "Outpatient three weeks ago: may follow up online",
        (
            Visit(days_ago(21), campus=_EAST, diagnosis=_HYPERTENSION, department="心血管内科"),
            Visit(days_ago(64), campus=_WEST, diagnosis=_HYPERTENSION, department="心血管内科"),
        ),
        sequence=902,
    ),
    Person(
        "yn02", "yunan", "陈", "立群", "male", born(1975, 9, 30), "YA00010002", "13800000102",
        "昨天刚看过门诊（西院区）", "Outpatient yesterday, west campus",
        (Visit(days_ago(1), campus=_WEST, diagnosis=_DIABETES, department="内分泌科"),),
        sequence=903,
    ),
    Person(
        "yn03", "yunan", "何", "秀珍", "female", born(1948, 2, 6), "YA00010003", "13800000103",
        "老年患者，五周前看过中医门诊", "Elderly, traditional-medicine outpatient five weeks ago",
        (Visit(days_ago(35), campus=_EAST, diagnosis=_INSOMNIA, department="中医内科"),),
        sequence=904, contact=Contact("周晓岚", "13800000101", "DAU"),
    ),
    Person(
        "yn04", "yunan", "沈", "佳宁", "female", born(1992, 11, 3), "YA00010004", "13800000104",
        "门诊恰满六个月：今天可约，明天起不可", "Visit exactly six months ago: passes today, fails tomorrow",
        (Visit(first_day_that_still_counts, campus=_EAST, diagnosis=_MIGRAINE, department="神经内科"),),
        sequence=906,
    ),
    Person(
        "yn05", "yunan", "罗", "文斌", "male", born(1969, 6, 18), "YA00010005", "13800000105",
        "最近一次门诊在七个月前，超出期限", "Last outpatient visit seven months ago: too old",
        (Visit(months_ago(7), campus=_WEST, diagnosis=_CORONARY, department="心血管内科"),),
        sequence=907,
    ),
    Person(
        "yn06", "yunan", "方", "志远", "male", born(1958, 12, 25), "YA00010006", "13800000106",
        "只有住院记录，不算门诊", "Inpatient stay only, which does not count",
        (Visit(days_ago(20), kind="IMP", campus=_EAST, diagnosis=_CORONARY, department="心血管内科病区"),),
        sequence=909,
    ),
    Person(
        "yn07", "yunan", "唐", "雨薇", "female", born(1999, 8, 8), "YA00010007", "13800000107",
        "只有急诊记录，不算门诊", "Emergency only, which does not count",
        (Visit(days_ago(10), kind="EMER", campus=_EAST, diagnosis=_GASTRITIS, department="急诊科"),),
        sequence=910,
    ),
    Person(
        "yn08", "yunan", "贺", "明", "male", born(1983, 3, 21), "YA00010008", "13800000108",
        "挂号后取消，没有完成的门诊", "Registered and cancelled: no completed visit",
        (Visit(days_ago(14), status="cancelled", campus=_WEST, department="消化内科"),),
        sequence=911,
    ),
    Person(
        "yn09", "yunan", "江", "若彤", "female", born(1990, 1, 15), "YA00010009", "13800000109",
        "只有线上问诊记录，不能延长期限", "Virtual visit only, which never extends the window",
        (Visit(days_ago(21), kind="VR", diagnosis=_RHINITIS, department="耳鼻喉科"),),
        sequence=912,
    ),
    Person(
        "yn10", "yunan", "林", "小禾", "female", turning(6, in_days=200), "YA00010010", "13800000101",
        "五岁儿童，未满六周岁", "Aged five: below six",
        (Visit(days_ago(18), campus=_EAST, diagnosis=_ECZEMA, department="儿科"),),
        sequence=914, contact=Contact("周晓岚", "13800000101", "MTH"),
    ),
    Person(
        "yn11", "yunan", "许", "知乐", "male", turning(6, in_days=3), "YA00010011", "13800000111",
        "三天后满六周岁：就诊日当天或之后可约", "Turns six in three days: slots from that day on pass",
        (Visit(days_ago(12), campus=_EAST, diagnosis=_ASTHMA, department="儿科"),),
        sequence=915, contact=Contact("许建国", "13800000111", "FTH"),
    ),
    Person(
        "yn12", "yunan", "顾", "念安", "female", turning(9, in_days=120), "YA00010012", "13800000112",
        "八岁儿童，近期看过门诊，可由监护人代约", "Aged eight with a recent visit: a guardian may book",
        (Visit(days_ago(27), campus=_WEST, diagnosis=_ASTHMA, department="儿科"),),
        sequence=916, contact=Contact("顾长风", "13800000112", "FTH"),
    ),
    Person(
        "yn13a", "yunan", "宋", "海燕", "female", born(1979, 5, 5), "YA00010013", "13800000113",
        "同一就诊卡有两份病历，须人工核对", "Two records under one card: a person must decide",
        (Visit(days_ago(30), campus=_EAST, diagnosis=_THYROID, department="内分泌科"),),
        sequence=918,
    ),
    Person(
        "yn13b", "yunan", "宋", "海燕", "female", born(1979, 5, 5), "YA00010013", "13800000113",
        "同一就诊卡的第二份病历", "The second record under that card",
        sequence=918, linked=False,
    ),
    Person(
        "yn14", "yunan", "MORANT", "Elena", "female", born(1988, 7, 19), "YA00010014", "13800000114",
        "护照就诊，自费，近期看过门诊", "Passport holder, self-paying, recent visit",
        (Visit(days_ago(40), campus=_EAST, diagnosis=_RHINITIS, department="耳鼻喉科"),),
        kind="passport", document="X99010014", linked=False,
    ),
    Person(
        "yn15", "yunan", "梁", "卓轩", "male", born(1981, 10, 2), "YA00010015", "13800000115",
        "港澳居民来往内地通行证，近期看过门诊", "Hong Kong travel permit, recent visit",
        (Visit(days_ago(33), campus=_WEST, diagnosis=_GASTRITIS, department="消化内科"),),
        kind="hk_macau_permit", document="H99010015", linked=False,
    ),
    Person(
        "yn16", "yunan", "潘", "月华", "female", born(1965, 3, 14), "YA00010016", "13800000116",
        "只在外院看过门诊，不算本院", "Outpatient at another hospital only",
        (Visit(days_ago(16), provider="elsewhere", diagnosis=_HYPERTENSION, department="心血管内科"),),
        sequence=920,
    ),
    Person(
        "yn17", "yunan", "郑", "启明", "male", born(2001, 6, 1), "YA00010017", "13800000117",
        "有就诊卡，从未就诊", "Holds a card, has never visited",
        sequence=921,
    ),
    Person(
        "yn18", "yunan", "白", "静", "female", born(1995, 4, 27), "YA00010018", "13800000118",
        "昨日到诊未结束，另有一条误录，尚无完成的门诊",
        "One visit unfinished, one entered in error: none completed",
        (
            Visit(days_ago(1), status="in-progress", campus=_EAST, department="皮肤科"),
            Visit(days_ago(9), status="entered-in-error", campus=_EAST, department="皮肤科"),
        ),
        sequence=922,
    ),
    Person(
        "yn19", "yunan", "马", "国强", "male", born(1962, 8, 11), "YA00010019", "13800000119",
        "每周随访，记录很多，须翻页读完", "Weekly visits: more than one page of them",
        tuple(
            Visit(days_ago(5 + 7 * week), campus=_WEST, diagnosis=_KIDNEY, department="肾内科")
            for week in range(24)
        ),
        sequence=923,
    ),
    Person(
        "yn20", "yunan", "董", "淑芬", "female", born(1955, 1, 30), "YA00010020", "13800000120",
        "补卡后病历已合并，旧病历停用并指向现病历",
        "Card replaced and records merged: the old one points here",
        (Visit(days_ago(45), campus=_EAST, diagnosis=_HYPERTENSION, department="心血管内科"),),
        sequence=924,
    ),
    Person(
        "yn20old", "yunan", "董", "淑芬", "female", born(1955, 1, 30), "YA00000920", "13800000120",
        "已停用的旧卡与旧病历", "The retired card and record",
        sequence=924, linked=False, replaced_by="yn20",
    ),
    Person(
        "yn21", "yunan", "许", "建国", "male", born(1984, 2, 17), "YA00010021", "13800000111",
        "许知乐的父亲，近期看过门诊", "Father of 许知乐, recent visit",
        (Visit(days_ago(50), campus=_EAST, diagnosis=_HYPERTENSION, department="心血管内科"),),
        sequence=925,
    ),
    Person(
        "yn22", "yunan", "顾", "长风", "male", born(1985, 12, 9), "YA00010022", "13800000112",
        "顾念安的父亲，没有就诊记录", "Father of 顾念安, no visits",
        sequence=927,
    ),
    Person(
        "yn23", "yunan", "冯", "立春", "male", born(1972, 2, 4), "YA00010023", "13800000123",
        "近期看过门诊，还没有用过线上", "Recent visit, has never been online",
        (Visit(days_ago(26), campus=_WEST, diagnosis=_HYPERTENSION, department="心血管内科"),),
        sequence=933,
    ),
    Person(
        "yn24", "yunan", "丁", "文华", "male", born(1968, 5, 16), "YA00010024", "13800000124",
        "今天线上复诊过，药在路上，另一张处方到窗口取",
        "Seen online today: one parcel on its way, one sheet to be collected at the window",
        (Visit(days_ago(31), campus=_EAST, diagnosis=_HYPERTENSION, department="心血管内科"),),
        sequence=937,
    ),
    Person(
        "yn25", "yunan", "苏", "玉梅", "female", born(1961, 10, 7), "YA00010025", "13800000125",
        "今天线上复诊过，药房正在配药和代煎",
        "Seen online today: the pharmacy is picking one sheet and cooking the other",
        (
            Visit(days_ago(29), campus=_EAST, diagnosis=_HYPERTENSION, department="心血管内科"),
            Visit(days_ago(38), campus=_WEST, diagnosis=_DIABETES, department="内分泌科"),
        ),
        sequence=938,
    ),
    Person(
        "yn31", "yunan", "叶", "文舟", "male", born(1980, 3, 15), "YA00010031", "13800000131",
        "近期看过门诊；docs/api/journey.md 里走完全程的人",
        "Recent visit; whom docs/api/journey.md takes all the way",
        (Visit(days_ago(24), campus=_EAST, diagnosis=_HYPERTENSION, department="心血管内科"),),
        sequence=941,
    ),
)

JIANGBIN = (
    Person(
        "jb01", "jiangbin", "周", "晓岚", "female", born(1986, 4, 12), "JB00020001", "13800000101",
        "与云安的周晓岚是同一人，在本院只有八个月前的门诊",
        "The same person as at Yunan; here her only visit is eight months old",
        (Visit(months_ago(8), diagnosis=_HYPERTENSION, department="心血管内科"),),
        sequence=902,
    ),
    Person(
        "jb02", "jiangbin", "韩", "思远", "male", born(1978, 7, 7), "JB00020002", "13800000202",
        "两周前看过门诊，可在线复诊", "Outpatient two weeks ago: may follow up online",
        (Visit(days_ago(14), diagnosis=_DIABETES, department="内分泌科"),),
        sequence=929,
    ),
    Person(
        "jb03", "jiangbin", "彭", "素芳", "female", born(1944, 10, 20), "JB00020003", "13800000203",
        "老年患者，近期看过门诊", "Elderly, recent visit",
        (Visit(days_ago(25), diagnosis=_INSOMNIA, department="中医科"),),
        sequence=930,
    ),
    Person(
        "jb04", "jiangbin", "姚", "子涵", "male", turning(10, in_days=90), "JB00020004", "13800000204",
        "九岁儿童，近期看过门诊", "Aged nine, recent visit",
        (Visit(days_ago(22), diagnosis=_RHINITIS, department="儿科"),),
        sequence=931, contact=Contact("姚立新", "13800000204", "FTH"),
    ),
    Person(
        "jb05", "jiangbin", "高", "文静", "female", born(1993, 5, 23), "JB00020005", "13800000205",
        "最近一次门诊在七个月前，超出期限", "Last outpatient visit seven months ago: too old",
        (Visit(months_ago(7), diagnosis=_MIGRAINE, department="神经内科"),),
        sequence=932,
    ),
    Person(
        "jb06", "jiangbin", "吕", "承恩", "male", born(1972, 3, 3), "JB00020006", "13800000206",
        "台湾居民来往大陆通行证，近期看过门诊", "Taiwan travel permit, recent visit",
        (Visit(days_ago(19), diagnosis=_HYPERTENSION, department="心血管内科"),),
        kind="taiwan_permit", document="99020006", linked=False,
    ),
)
# fmt: on

EVERYBODY = YUNAN + JIANGBIN

#: Known to the population register, but to no hospital.
REGISTERED_ONLY = (
    ("姚立新", born(1982, 6, 6), 933, "13800000204"),
    ("钟雅琴", born(1997, 9, 9), 934, "13800000301"),
)


@dataclass(frozen=True, slots=True)
class Insured:
    """A sample person as the insurer knows them; `balance` is the personal account in fen.

    An empty `region` is somebody without insurance. Rates are basis points of the fee.
    """

    person: str
    region: str = "110100"
    insutype: str = "310"
    med_types: tuple[str, ...] = ("11",)
    balance: int = 0
    fund_rate_bp: int = 7000
    other_rate_bp: int = 0


#: Fixed: whoever is not in it is unknown to the insurer.
INSURED = (
    Insured("yn01", balance=30_000),  # ordinary; the account covers the rest: nothing to pay in cash
    Insured("yn02", balance=200),  # the account runs out: fund, account and cash
    Insured("yn03"),  # an empty account: fund and cash
    Insured("yn04", balance=100, other_rate_bp=1000),  # a further fund pays a tenth: all four parts
    Insured("yn05", med_types=("14",), balance=20_000),  # chronic category only
    Insured("yn06", region="130100", balance=20_000),  # insured in Hebei
    Insured("yn07", region=""),  # no insurance
    Insured("yn08", balance=500),
    Insured("yn09", med_types=("11", "14"), balance=10_000),  # ordinary and chronic
    Insured("yn12", insutype="390"),  # a child of the residents' scheme, without an account
    Insured("yn16", insutype="410", med_types=("61",)),  # work injury only
    Insured("yn17", insutype="510", med_types=("51",)),  # maternity only
    Insured("yn19", balance=100_000),
    Insured("yn21", balance=1_000),
    Insured("yn31", balance=500),
    Insured("jb02", balance=300),
    Insured("jb03"),
)

#: Sample persons with WeChat, in the order the stand-in browser lists them; user 1 is the first.
WECHAT_USERS = (
    "yn01",
    "yn02",
    "yn03",
    "yn04",
    "yn05",
    "yn06",
    "yn07",
    "yn09",
    "yn21",
    "yn22",
    "jb02",
    "jb05",
)
