"""The pages of a worker: its status for people, and what probes and Prometheus ask for."""

from typing import cast

import msgspec
from aiohttp import web
from faust.web import Request, Response, View
from prometheus_client.exposition import choose_encoder

from processors.app import App, Web
from processors.figures import take
from processors.metrics import registry_of
from processors.status import Status
from processors.status_page import draw, own

SECURITY = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "laurel",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer."""

POLICY = "Content-Security-Policy"
PAGE_POLICY = (
    f"default-src 'none'; style-src {own('style')}; script-src {own('script')}; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page for people may use its own style and script, and ask for itself."""


def add_pages(app: App, status: Status) -> None:
    """Give the worker `/`, `/status.json`, `/ready`, `/live` and `/metrics`; all only read."""
    name = app.conf.consumer_group_instance_id or app.conf.id
    registry = registry_of(status, name)
    cast("Web", app.web).web_app.on_response_prepare.append(_secure)

    @app.page("/", name="status")
    async def index(view: View, _: Request) -> Response:
        return view.html(draw(take(status, name)), headers={POLICY: PAGE_POLICY})

    @app.page("/status.json", name="status.json")
    async def status_json(view: View, _: Request) -> Response:
        body = msgspec.json.encode(take(status, name), enc_hook=str)
        return view.bytes(body, content_type="application/json")

    @app.page("/ready", name="ready")
    async def ready(view: View, _: Request) -> Response:
        if reason := status.not_ready():
            return view.text(f"not ready: {reason}\n", status=503)
        return view.text("ready\n")

    @app.page("/live", name="live")
    async def live(view: View, _: Request) -> Response:
        return view.text("live\n")

    @app.page("/metrics", name="metrics")
    async def metrics(view: View, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return view.bytes(encode(registry), headers={"Content-Type": content_type})


async def _secure(_: web.Request, response: web.StreamResponse) -> None:
    policy = response.headers.get(POLICY, "default-src 'none'; frame-ancestors 'none'")
    response.headers.update({**SECURITY, POLICY: policy})
