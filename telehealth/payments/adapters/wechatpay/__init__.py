"""WeChat Pay API v3: orders, refunds, callbacks, bills and insured orders, one merchant per hospital."""

from telehealth.payments.adapters.wechatpay.provider import WeChatPayProvider

__all__ = ["WeChatPayProvider"]
