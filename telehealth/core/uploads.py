"""What is said to a person whose file we do not take. `reason` is for the log, never a file name."""

from telehealth.core.errors import Conflict, Invalid, Unavailable

MAX_PHOTO_BYTES = 15 * 1024 * 1024
MAX_DOCUMENT_BYTES = 15 * 1024 * 1024
#: Two minutes at 256 kbit/s.
MAX_VOICE_BYTES = 4 * 1024 * 1024


class UploadTooLarge(Invalid):
    code = "upload_too_large"
    detail = "文件太大，请缩小后再上传"


class UploadUnreadable(Invalid):
    code = "upload_unreadable"
    detail = "无法读取这个文件，请换用 JPG、PNG、WebP、HEIC 照片或 PDF 文件"


class UploadRefused(Invalid):
    """The file can do more than be looked at: script, a program, a virus."""

    code = "upload_refused"
    detail = "这个文件含有不安全的内容，不能上传"


class ScannerDown(Unavailable):
    code = "scanner_down"
    detail = "文件安全检查暂时不可用，请稍后再上传"


class UploadMissing(Conflict):
    """Nothing arrived at the address that was given out; sending it again mends this."""

    code = "upload_missing"
    detail = "文件还没有传到，请重新上传"
