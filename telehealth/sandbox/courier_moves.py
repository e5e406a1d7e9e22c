"""What can happen to a parcel, as each courier codes it. Some codes were never confirmed by the vendors."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Move:
    title: str
    #: SF Express `opCode` and `secondaryStatusCode`.
    op: str
    secondary: str
    #: Kuaidi100 `state` of the parcel and `statusCode` of the scan.
    state: str
    code: str
    remark: str
    #: What our own books call the parcel afterwards; "" leaves it as it is.
    standing: str


MOVES: Mapping[str, Move] = {
    "pick_up": Move("揽收", "50", "101", "1", "103", "顺利揽收，样例快递员已收取快件", "moving"),
    "in_transit": Move("在途", "30", "201", "0", "1002", "快件在样例分拨中心完成分拣，准备发出", "moving"),
    "arrive": Move("到达派件城市", "106", "201", "0", "1001", "快件已到达样例城市", "moving"),
    "out_for_delivery": Move(
        "派送", "44", "301", "5", "5", "正在派送途中，请您准备签收并支付到付运费", "moving"
    ),
    "hold": Move("暂存代收点", "125", "", "5", "501", "快件已存放至样例快递柜", "moving"),
    "delay": Move("延误", "33", "", "2", "2", "因天气原因，派送时间延误", "moving"),
    "exception": Move("异常", "70", "", "2", "2", "暂时无法派送，正在联系收件人", "moving"),
    "lose": Move("遗失", "70", "", "2", "2", "快件疑似遗失，正在核查", "moving"),
    "deliver": Move("签收", "80", "401", "3", "301", "已签收，到付运费已收取", "delivered"),
    "refuse": Move("拒收", "70", "", "14", "14", "派送不成功，原因：收方拒收", "moving"),
    "return": Move("退回途中", "99", "", "6", "6", "应要求退回，快件正在返回寄件地", "returning"),
    "bring_back": Move("退回已签收", "648", "", "4", "4", "快件已退回寄件人", "returned"),
    "unknown": Move("未知状态码", "9999", "", "99", "9999", "样例：平台新增的状态", ""),
}

#: Nobody goes there, by the beginning of the province or the name of the county.
UNSERVED_PROVINCES = ("香港", "澳门", "台湾")
UNSERVED_COUNTIES = ("样例岛县",)
#: A clerk has to look whether anybody goes there.
DOUBTFUL_COUNTIES = ("样例山县",)


def is_served(province: str, county: str) -> bool:
    return not province.startswith(UNSERVED_PROVINCES) and county not in UNSERVED_COUNTIES
