"""Which requests are answered at all, and what every answer says to browsers."""

from __future__ import annotations

import re

from aiohttp import web

from srgan_edge.browser.endpoint import LOOPBACK

# The page is the only one that is shown, and all that it has comes from here.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "srgan-edge",  # and not of which versions it is made
}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


def check(request: web.Request, open_to_others: bool) -> None:
    """Refuse what no browser sends, pages of other sites, and names that others point here.

    Args:
        request: its head.
        open_to_others: whether a token is asked for; otherwise the name must be this machine's.

    Raises:
        web.HTTPException: it is refused.
    """
    if not request.raw_path.startswith("/"):  # of proxies; such a target overrides Host
        raise web.HTTPBadRequest(text="the path must begin with /")
    hosts = request.headers.getall("Host", [])
    named = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if named is None:
        raise web.HTTPBadRequest(text="there must be one Host")
    if not open_to_others and named[1].strip("[]").lower() not in LOOPBACK:
        raise web.HTTPForbidden(text="no such host")
    if _is_foreign(request, hosts[0]):
        raise web.HTTPForbidden(text="another site's page may not look")


def _is_foreign(request: web.Request, host: str) -> bool:
    """Whether a page of another site asks: what browsers say of that, which is one or both."""
    schemes = ("https",) if request.secure else ("http", "https")  # a proxy may encrypt for us
    own = [f"{scheme}://{host}".lower() for scheme in schemes]
    if any(origin.lower() not in own for origin in request.headers.getall("Origin", [])):
        return True
    told = request.headers.getall("Sec-Fetch-Site", [])
    return not (set(told) <= {"same-origin", "none"} or _follows_a_link(request))


def _follows_a_link(request: web.Request) -> bool:
    """Whether a person opens the page from another one, in a message, say. It shows nothing yet."""
    fetch = (request.headers.get("Sec-Fetch-Mode"), request.headers.get("Sec-Fetch-Dest"))
    return request.method == "GET" and request.path == "/" and fetch == ("navigate", "document")
