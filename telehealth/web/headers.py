"""Security headers on every answer. No inline script or style exists, so no nonce is needed."""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PERMISSIONS = "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()"


class SecurityHeaders:
    """Whose scripts run, where pages may send, who may frame them: ourselves, and the few named here.

    `upload_origin` is where browsers send files when that is not our own origin (S3);
    `script_origins` serve WeChat's JS-SDK; `forms_to` is where a form may end up, as WeChat's silent
    sign-in on the way to a payment; `framed_by` is the demo's stand-in for WeChat's browser; `sockets` is our
    own origin as a socket's: Safari before 15.4 does not take 'self' for it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        https: bool,
        upload_origin: str = "",
        script_origins: Sequence[str] = (),
        forms_to: Sequence[str] = (),
        framed_by: str = "",
        sockets: str = "",
    ) -> None:
        self.app = app
        self.https = https
        other = f" {upload_origin}" if upload_origin else ""
        scripts = "".join(f" {origin}" for origin in script_origins)
        forms = "".join(f" {origin}" for origin in forms_to)
        own_sockets = f" {sockets}" if sockets else ""
        framing = framed_by or "'none'"
        policy = (
            f"default-src 'none'; script-src 'self'{scripts}; style-src 'self'; font-src 'self';"
            f" img-src 'self' blob: data:{other}; media-src 'self' blob:{other};"
            f" connect-src 'self'{own_sockets}{other}{scripts}; form-action 'self'{forms}; base-uri 'none';"
            f" frame-ancestors {framing}; manifest-src 'self'; worker-src 'self'"
        )
        self.fixed = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "permissions-policy": PERMISSIONS,
            "cross-origin-opener-policy": "same-origin",
        }
        if not framed_by:
            self.fixed["x-frame-options"] = "DENY"
        if https:
            self.fixed["strict-transport-security"] = "max-age=31536000; includeSubDomains"
        #: A style or a script goes by the policy of the page that asks for it, and opened by itself is text.
        #: Forty of them make a room, so each header less is a packet less.
        self.of_files = {
            "x-content-type-options": "nosniff",
            **{name: self.fixed[name] for name in ("strict-transport-security",) if name in self.fixed},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                path = scope["path"]
                is_static = path.startswith("/static/")
                is_file = is_static and message["status"] < 400 and path.endswith((".js", ".css"))
                for name, value in (self.of_files if is_file else self.fixed).items():
                    headers.setdefault(name, value)
                if not is_static:
                    headers.setdefault("cache-control", "private, no-store")
                if self.https:
                    message["headers"] = [_secured(*header) for header in message["headers"]]
            await send(message)

        await self.app(scope, receive, guarded)


def _secured(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """No cookie of ours travels in the clear, whoever sets it."""
    if name.lower() == b"set-cookie" and b"secure" not in value.lower().split(b"; "):
        return name, value + b"; Secure"
    return name, value
