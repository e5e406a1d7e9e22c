from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "hospital",
    N_("与医院系统互通"),
    events={
        "fhir.read": N_("其他系统读取了资料"),
        "fhir.searched": N_("其他系统查询了资料"),
        "system_key.made": N_("签发了接口密钥"),
        "system_key.revoked": N_("吊销了接口密钥"),
    },
    subjects={
        "hospital_system_keys": N_("系统接口密钥"),
        # What is served, by the standard's own names.
        "Binary": N_("文件内容"),
        "DocumentReference": N_("文书"),
        "Encounter": N_("就诊"),
        "MedicationDispense": N_("发药记录"),
        "MedicationRequest": N_("处方"),
        "Patient": N_("患者"),
    },
    facts={"by": N_("查询条件"), "given": N_("给出的资料"), "system": N_("系统名称")},
)
