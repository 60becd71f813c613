"""How answers leave a server: JSON, a stream of lines, or a connection that is cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from aiohttp import web


def json_answer(body: Mapping[str, object], status: int = 200) -> web.Response:
    text = json.dumps(body, separators=(",", ":")) + "\n"
    return web.Response(text=text, status=status, content_type="application/json")


def dropped(request: web.Request) -> web.Response:
    """Cuts the connection without an answer."""
    if isinstance(request.transport, asyncio.WriteTransport):
        request.transport.abort()
    return web.Response()


async def streamed(request: web.Request, content_type: str, lines: AsyncGenerator[str]) -> web.StreamResponse:
    """Sends each line as it comes; a client that goes away is no error."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        async with aclosing(lines):
            async for line in lines:
                await response.write(line.encode())
        await response.write_eof()
    except ConnectionResetError:
        pass
    return response
