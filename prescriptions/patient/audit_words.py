from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "prescriptions",
    N_("处方笺与查验"),
    events={
        "prescription.printed": N_("打印了处方笺"),
        "prescription.verified": N_("查验了处方笺"),
    },
    subjects={"prescriptions": N_("处方")},
    facts={"copy": N_("第几次打印"), "on_file": N_("与存档一致")},
    scopes={"sheet verification": N_("查验处方笺")},
    actors={"kiosk": N_("自助机")},
)
