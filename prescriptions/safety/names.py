"""What the book's short words are called: units, classes, hidden ingredients."""

from collections.abc import Callable

from prescriptions.formulary.book import Book
from telehealth.core.i18n import N_, SOURCE

Gettext = Callable[[str], str]

_UNITS = {
    "tablet": N_("片"),
    "capsule": N_("粒"),
    "pill": N_("丸"),
    "inhalation": N_("吸"),
    "puff": N_("揿"),
    "ug": "μg",
}

CLASSES = {
    "ccb_dhp": N_("二氢吡啶类钙通道阻滞剂"),
    "raas": N_("肾素-血管紧张素系统抑制剂"),
    "thiazide": N_("噻嗪类利尿剂"),
    "k_sparing": N_("保钾利尿剂"),
    "beta_blocker": N_("β受体阻滞剂"),
    "antiplatelet_cox": N_("环氧酶类抗血小板药"),
    "antiplatelet_p2y12": N_("P2Y12 抗血小板药"),
    "anticoagulant": N_("抗凝药"),
    "statin": N_("他汀类"),
    "biguanide": N_("双胍类"),
    "sulfonylurea": N_("磺脲类"),
    "agi": N_("α-糖苷酶抑制剂"),
    "sglt2i": N_("SGLT2 抑制剂"),
    "insulin_basal": N_("基础胰岛素"),
    "thyroid": N_("甲状腺激素"),
    "ppi": N_("质子泵抑制剂"),
    "prokinetic": N_("促胃动力药"),
    "beta_lactam_abx": N_("β-内酰胺类抗菌药"),
    "macrolide_abx": N_("大环内酯类抗菌药"),
    "quinolone_abx": N_("喹诺酮类抗菌药"),
    "nsaid": N_("非甾体抗炎药"),
    "paracetamol": N_("对乙酰氨基酚类"),
    "xanthine_oxidase_inhibitor": N_("黄嘌呤氧化酶抑制剂"),
    "colchicine": N_("秋水仙碱"),
    "antihistamine": N_("抗组胺药"),
    "ltra": N_("白三烯受体拮抗剂"),
    "ics": N_("吸入性糖皮质激素"),
    "laba": N_("长效β2受体激动剂"),
    "saba": N_("短效β2受体激动剂"),
    "ssri": N_("选择性5-羟色胺再摄取抑制剂"),
    "benzodiazepine": N_("苯二氮䓬类"),
    "z_hypnotic": N_("非苯二氮䓬类催眠药"),
    "opioid": N_("阿片类"),
    "decongestant": N_("减充血剂"),
    "clonidine": N_("可乐定"),
    "tcm_kidney_yin": N_("滋肾阴中成药"),
    "tcm_kidney_yang": N_("补肾阳中成药"),
    "tcm_blood_activating": N_("活血化瘀中成药"),
    "tcm_heat_clearing": N_("清热解毒中成药"),
    "tcm_damp": N_("化湿中成药"),
    "tcm_antitussive": N_("止咳中成药"),
    "tcm_spleen_qi": N_("健脾益气中成药"),
}

_INGREDIENTS = {
    "chlorphenamine": N_("氯苯那敏"),
    "ascorbic acid": N_("维生素C"),
    "glibenclamide": N_("格列本脲"),
    "clonidine": N_("可乐定"),
    "rutin": N_("芦丁"),
    "opium": N_("阿片"),
    "liquorice": N_("甘草"),
    "pseudoephedrine": N_("伪麻黄碱"),
    "budesonide": N_("布地奈德"),
    "formoterol": N_("福莫特罗"),
}


def unit_name(unit: str, gettext: Gettext) -> str:
    return gettext(_UNITS[unit]) if unit in _UNITS else unit


def group_name(group: str, gettext: Gettext) -> str:
    return gettext(CLASSES[group]) if group in CLASSES else group


def ingredient_name(book: Book, ingredient: str, lang: str, gettext: Gettext) -> str:
    """Our word for it, else the name of a medicine that is nothing else, else the book's own word."""
    if lang != SOURCE:
        return ingredient
    if ingredient in _INGREDIENTS:
        return gettext(_INGREDIENTS[ingredient])
    pure = sorted(
        code for code in book.by_ingredient.get(ingredient, ()) if len(book.medicines[code].ingredients) == 1
    )
    return book.medicines[pure[0]].name if pure else ingredient
