from telehealth.core.deadlines import DeadlineKind
from telehealth.directory.credentialing import EXPIRY, REMINDER, expire_credential, remind_of_expiry

deadlines = (DeadlineKind(EXPIRY, expire_credential), DeadlineKind(REMINDER, remind_of_expiry))
