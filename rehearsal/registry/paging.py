"""Harbor's paging: ``page`` and ``page_size`` in, ``X-Total-Count`` and ``Link`` out."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from fleetforge.rehearsal.registry.failures import harbor_refusal

_LARGEST_PAGE = 100


def paged(request: web.Request, rows: list[dict[str, Any]]) -> web.Response:
    """The asked page of ``rows``: 10 rows where nothing is asked, more than 100 is 422."""
    page, size = _number(request, "page", 1), _number(request, "page_size", 10)
    if size > _LARGEST_PAGE:
        raise harbor_refusal(422, "page_size in query should be less than or equal to 100", "UNPROCESSABLE_ENTITY")
    links = []
    if page > 1 and (page - 1) * size < len(rows):
        links.append(_link(request, page - 1, size, "prev"))
    if page * size < len(rows):
        links.append(_link(request, page + 1, size, "next"))
    headers = {"X-Total-Count": str(len(rows)), **({"Link": " , ".join(links)} if links else {})}
    return web.json_response(rows[(page - 1) * size : page * size], headers=headers)


def _number(request: web.Request, key: str, default: int) -> int:
    text = request.query.get(key, str(default))
    if not text.isdecimal():
        raise harbor_refusal(422, f'{key} in query must be of type int64: "{text}"', "UNPROCESSABLE_ENTITY")
    return max(int(text), 1)


def _link(request: web.Request, page: int, size: int, relation: str) -> str:
    url = request.rel_url.update_query(page=page, page_size=size)
    return f'<{url}>; rel="{relation}"'
