"""Who can be tried in the demo. Everybody here is invented; secrets are samples and open nothing else."""

import base64
import hashlib
from dataclasses import dataclass

from telehealth.core.access import Role


def N_(message: str) -> str:
    return message


@dataclass(frozen=True, slots=True)
class DemoStaff:
    login: str
    name: str
    name_en: str
    hospital: str
    roles: tuple[Role, ...]
    label: str
    shows: str
    doctor: str = ""

    @property
    def totp_secret(self) -> str:
        """The same on every demo machine, so that an authenticator set up once keeps working."""
        return base64.b32encode(hashlib.sha256(f"demo {self.login}".encode()).digest()[:20]).decode()


@dataclass(frozen=True, slots=True)
class DemoVisit:
    """An internet visit booked and paid from the start, `days` from today."""

    department: str
    days: int
    #: Given back in time, so that there is a refund to look at.
    cancelled: bool = False
    #: With the doctor who can be tried, and with nobody else.
    with_our_doctor: bool = False
    #: As the patient writes it into the condition form.
    complaint: str = "按时服药，近期感觉平稳，想复诊续方"
    history: str = ""
    allergies: str = ""
    medicines: str = ""


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """`phone` signs in; `card` and `document` are those the sandbox HIS knows at `hospital`."""

    phone: str
    name: str
    shows: str
    document: str = ""
    hospital: str = "yunan"
    card: str = ""
    #: Booked by the service desk in the demo from the start.
    books: bool = False
    #: One of the desk's seats is paid for at the window.
    pays_cash: bool = False
    visits: tuple[DemoVisit, ...] = ()


PASSWORD = "Demo-Hospital-2026"  # noqa: S105 - printed at every start of the demo

STAFF = (
    DemoStaff(
        "desk.yunan",
        "方静",
        "Fang Jing",
        "yunan",
        (Role.DESK,),
        N_("门诊服务台，云安医院"),
        N_("排班、停诊、查预约、代客预约、收现金、审核证件"),
    ),
    DemoStaff(
        "admin.yunan",
        "沈卓",
        "Shen Zhuo",
        "yunan",
        (Role.ADMIN,),
        N_("系统管理员，云安医院"),
        N_("规则、员工、科室、须知、节假日、审计"),
    ),
    DemoStaff(
        "doctor.yunan",
        "",
        "",
        "yunan",
        (Role.DOCTOR,),
        N_("医生，云安医院"),
        N_("今天的线上复诊：接诊、通话、病历、随访；自己的门诊"),
        doctor="first",
    ),
    DemoStaff(
        "pharmacist.yunan",
        "顾明远",
        "Gu Mingyuan",
        "yunan",
        (Role.PHARMACIST,),
        N_("审方药师，云安医院"),
        N_("处方审核：用药核对、通过、退回；值班安排"),
    ),
    DemoStaff(
        "pharmacy.yunan",
        "田悦",
        "Tian Yue",
        "yunan",
        (Role.PHARMACY,),
        N_("药房调剂，云安医院本部药房"),
        N_("配药队列、按批号拣药、打包寄出、窗口发药、库存"),
    ),
    DemoStaff(
        "check.yunan",
        "卫东升",
        "Wei Dongsheng",
        "yunan",
        (Role.PHARMACY,),
        N_("药房复核，云安医院本部药房"),
        N_("四查十对的第二人"),
    ),
    DemoStaff(
        "pharmacy.east",
        "简宁",
        "Jian Ning",
        "yunan",
        (Role.PHARMACY,),
        N_("药房调剂，云安医院东院区药房"),
        N_("另一间药房：只看到自己的单子"),
    ),
    DemoStaff(
        "check.east",
        "路宁远",
        "Lu Ningyuan",
        "yunan",
        (Role.PHARMACY,),
        N_("药房复核，云安医院东院区药房"),
        N_("东院区药房的第二人"),
    ),
    DemoStaff(
        "reviewer.yunan",
        "罗颖",
        "Luo Ying",
        "yunan",
        (Role.REVIEWER,),
        N_("审核员，云安医院"),
        N_("证件、监护关系与家庭共济审核、爽约申诉"),
    ),
    DemoStaff(
        "finance.yunan",
        "贺敏",
        "He Min",
        "yunan",
        (Role.FINANCE,),
        N_("财务，云安医院"),
        N_("每日对账、退款处理、账务报表"),
    ),
    DemoStaff(
        "head.yunan",
        "康维",
        "Kang Wei",
        "yunan",
        (Role.HEAD,),
        N_("院长，云安医院"),
        N_("门诊总览与审计"),
    ),
    DemoStaff(
        "admin.jiangbin",
        "邵宁",
        "Shao Ning",
        "jiangbin",
        (Role.ADMIN, Role.DESK),
        N_("管理员兼服务台，江滨医院"),
        N_("另一家医院：看不到云安医院的任何数据"),
    ),
)

PATIENTS = (
    DemoPatient(
        "13800000101",
        "周晓岚",
        N_("近期来过门诊，可以线上复诊；女儿 5 岁，已为母亲绑定家庭共济"),
        "330098198604129023",
        card="YA00010001",
        books=True,
        pays_cash=True,
        visits=(DemoVisit("cardiology", 1), DemoVisit("cardiology", 3, cancelled=True)),
    ),
    DemoPatient(
        "13800000103",
        "何秀珍",
        N_("老年患者，大字版；中医科需要舌象照片"),
        "330098194802069043",
        card="YA00010003",
        books=True,
    ),
    DemoPatient(
        "13800000119",
        "马国强",
        N_("每周都来的慢病患者；今天的号已支付，还没有人接诊"),
        "330098196208119238",
        card="YA00010019",
        books=True,
        visits=(DemoVisit("endocrinology", 0),),
    ),
    DemoPatient(
        "13800000104",
        "沈佳宁",
        N_("有效期的最后一天：今天可以，明天不行"),
        "330098199211039064",
        card="YA00010004",
    ),
    DemoPatient(
        "13800000105",
        "罗文斌",
        N_("上次门诊在 7 个月前，改为线下挂号"),
        "330098196906189073",
        card="YA00010005",
    ),
    DemoPatient(
        "13800000107", "唐雨薇", N_("只有急诊记录，不算门诊"), "330098199908089109", card="YA00010007"
    ),
    DemoPatient("13800000150", "", N_("全新账号：从添加就诊人开始")),
)

#: Today's line of the doctor who can be tried; `demo.consultations` brings each of them so far.
IN_LINE = (
    DemoPatient(
        "13800000103",
        "何秀珍",
        N_("今天的线上复诊正在进行，一张中药处方等药师审核"),
        "330098194802069043",
        card="YA00010003",
        visits=(
            DemoVisit(
                "cardiology",
                0,
                with_our_doctor=True,
                complaint="晚上睡不好，早上量血压偏高，想问问药要不要调",
                history="高血压十余年，失眠半年",
                allergies="青霉素，2019 年用后全身皮疹",
                medicines="氨氯地平 5 mg，每日一次",
            ),
        ),
    ),
    DemoPatient(
        "13800000102",
        "陈立群",
        N_("今天的线上复诊等待接诊，已经留言"),
        "33009819750930903X",
        card="YA00010002",
        visits=(
            DemoVisit(
                "cardiology",
                0,
                with_our_doctor=True,
                complaint="昨天门诊调了降糖药，想确认和降压药能不能一起吃",
                history="2 型糖尿病 6 年，高血压 3 年",
                medicines="二甲双胍 0.5 g，每日两次；缬沙坦 80 mg，每日一次",
            ),
        ),
    ),
    DemoPatient(
        "13800000120",
        "董淑芬",
        N_("今天的线上复诊等待接诊，刚说感觉变差"),
        "330098195501309247",
        card="YA00010020",
        visits=(
            DemoVisit(
                "cardiology",
                0,
                with_our_doctor=True,
                complaint="高血压复诊，近一周早上头晕",
                history="高血压 8 年",
                allergies="磺胺类药物，皮肤瘙痒",
                medicines="硝苯地平控释片 30 mg，每日一次",
            ),
        ),
    ),
    DemoPatient(
        "13800000111",
        "许建国",
        N_("线上复诊已经完成；一张处方等他支付，另一张被药师退回"),
        "33009819840217925X",
        card="YA00010021",
        visits=(DemoVisit("cardiology", 0, with_our_doctor=True, complaint="血压平稳，复查后想续方"),),
    ),
    DemoPatient(
        "13800000124",
        "丁文华",
        N_("药已寄出，正在路上；另一张处方在窗口等他来取"),
        "330098196805169372",
        card="YA00010024",
        visits=(
            DemoVisit(
                "cardiology", 0, with_our_doctor=True, complaint="降压药快吃完了，血压一直平稳，想续方"
            ),
        ),
    ),
    DemoPatient(
        "13800000125",
        "苏玉梅",
        N_("一张处方在药房排队配药，另一张正在代煎"),
        "330098196110079389",
        card="YA00010025",
        visits=(
            DemoVisit("cardiology", 0, with_our_doctor=True, complaint="二甲双胍快吃完了，偶尔头晕，想续方"),
        ),
    ),
)

#: Each once, though some stand in line too.
EVERY_PATIENT = (*PATIENTS, *(one for one in IN_LINE if one.phone not in {each.phone for each in PATIENTS}))
