"""WeChat Pay API v3, as a merchant and its payers meet it: orders, refunds, bills, callbacks, insured orders.

What a request is signed over is its target as sent in the request line, whatever host or mount it reached:
`/v3/…` at the root of the sandbox (as a vendor's own SDK does), `/wechatpay/v3/…` below the party's name.
Signatures and certificates go by the wall; orders, refunds, bills and retries by the business clock.
"""
