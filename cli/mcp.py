"""`omma mcp`: the collection as tools of a language model, by the Model Context Protocol."""

import hmac
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import ConfigurationError
from engine.settings import Settings, get_settings

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.types import ASGIApp, Receive, Scope, Send

INSTRUCTIONS = (
    "Omma searches a collection of pictures by picture, part of a picture, words and filters. `identify` says what a picture "
    "shows, `search` finds others, `why` explains a result, `document` tells all about one, `facets` what to narrow down by."
)
BASE64_GROWTH = 1.4  # bytes of a request for each byte of the picture in it, line ends included


@click.command()
@click.option("--http", is_flag=True, help="Listen on HTTP (path /mcp) instead of standard input and output.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need OMMA_API_TOKEN.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--allow-writes", is_flag=True, help="Also offer the tool that adds pictures to the collection.")
def mcp(*, http: bool, host: str, port: int, allow_writes: bool) -> None:
    """Serve search, identification and explanations to language models (Model Context Protocol)."""
    settings = get_settings()
    if not http:
        server(settings, None, writes=allow_writes).run("stdio")
        return
    import uvicorn  # noqa: PLC0415  (here and below: --help needs no server)

    served = application(server(settings, settings.ingest_roots, writes=allow_writes), settings, host)
    uvicorn.run(served, host=host, port=port, log_level="warning")


def server(settings: Settings, roots: tuple[Path, ...] | None, *, writes: bool) -> "MCPServer":
    """The server with its tools; `roots` are the folders that callers may name files in, None: any."""
    from mcp.server.mcpserver import MCPServer  # noqa: PLC0415
    from mcp_types import ToolAnnotations  # noqa: PLC0415

    from cli.mcp_tools import Tools  # noqa: PLC0415
    from engine.installation import version  # noqa: PLC0415

    tools = Tools(settings, roots)
    served: MCPServer = MCPServer("omma", "Omma", instructions=INSTRUCTIONS, version=version(), log_level="WARNING")
    for tool in tools.reading():
        served.add_tool(tool, annotations=ToolAnnotations(read_only_hint=True))
    for tool in tools.writing() if writes else ():
        served.add_tool(tool, annotations=ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True))
    return served


def application(served: "MCPServer", settings: Settings, host: str) -> "ASGIApp":
    """The server over HTTP, behind the token of the page; ConfigurationError where it would be open to the network."""
    from web.security import is_loopback  # noqa: PLC0415

    token = settings.api_token.get_secret_value()
    if not is_loopback(host) and not token:
        raise ConfigurationError(f"the server would listen on {host} for everybody; set OMMA_API_TOKEN to a long random token")
    app = served.streamable_http_app(
        host=host,
        stateless_http=True,
        json_response=True,
        max_request_body_size=int(settings.max_bytes * BASE64_GROWTH),
        transport_security=_hosts(settings, host),
    )
    return RequireToken(app, token) if token else app


def _hosts(settings: Settings, host: str) -> "TransportSecuritySettings | None":
    """Which host names requests may carry; None: the loopback's, where the server listens there, and any elsewhere."""
    if not settings.web_hosts:
        return None
    from mcp.server.transport_security import TransportSecuritySettings  # noqa: PLC0415

    names = [*settings.web_hosts, host, "localhost", "127.0.0.1", "[::1]"]
    return TransportSecuritySettings(allowed_hosts=[*names, *(f"{name}:*" for name in names)])


class RequireToken:
    """Answers 401 to every request without the token, before anything reads it."""

    def __init__(self, app: "ASGIApp", token: str) -> None:
        """`token` is compared in constant time."""
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "lifespan" and not hmac.compare_digest(
            dict(scope["headers"]).get(b"authorization", b""), self._expected
        ):
            from starlette.responses import JSONResponse  # noqa: PLC0415

            refusal = JSONResponse(
                {"error": "This server requires its token."}, 401, {"WWW-Authenticate": 'Bearer realm="Omma"'}
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
