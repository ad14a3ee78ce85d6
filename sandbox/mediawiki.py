"""What the web APIs of Wikimedia have in common: etiquette, parameters, errors.

Modelled on https://foundation.wikimedia.org/wiki/Policy:User-Agent_policy, on
https://www.mediawiki.org/wiki/Wikimedia_APIs/Rate_limits and on https://www.mediawiki.org/wiki/API:
who is a library or a browser gets HTTP 403, who names no contact 10 requests a minute; lists are
separated by `|`; an error is HTTP 200 with an `error` object, or `errors` where `errorformat` asks
for it, and a `MediaWiki-API-Error` header; too many requests are HTTP 429. Invented: which names are
taken for those of libraries.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.counts import Counts
from sandbox.rates import TokenBucket

JsonObject = dict[str, Any]

PER_MINUTE_WITHOUT_CONTACT = 10

_LIBRARY = re.compile(r"$|(python|curl|wget|java|go-http|okhttp|node|mozilla)", re.IGNORECASE)
_CONTACT = re.compile(r"[^\s@]+@[^\s@]+\.\w+|https?://", re.IGNORECASE)


class ApiError(Exception):
    """A request that MediaWiki refuses, with its error code and sentence."""

    def __init__(self, code: str, info: str) -> None:
        super().__init__(info)
        self.code = code
        self.info = info


class Etiquette:
    """Refuse clients that are anonymous or in too much of a hurry, and count both."""

    def __init__(self, service: str, counts: Counts, bucket: TokenBucket) -> None:
        self._service = service
        self._counts = counts
        self._bucket = bucket
        self._without_contact = TokenBucket(PER_MINUTE_WITHOUT_CONTACT)

    def check(self, request: web.Request, units: float = 1) -> None:
        """Raise HTTP 403 for who does not say who asks, 429 above the allowed rate."""
        agent = request.headers.get("User-Agent", "")
        has_contact = _CONTACT.search(agent) is not None
        if not has_contact and _LIBRARY.match(agent):
            self._counts.add(self._service, "refused_without_contact")
            raise web.HTTPForbidden(
                text="Please set a user-agent with a contact (an e-mail address or a URL) and "
                "respect our robot policy https://w.wiki/4wJS. See also T400119.\n"
            )
        bucket = self._bucket if has_contact else self._without_contact
        seconds = bucket.seconds_until_allowed(units)
        if seconds > 0:
            self.refuse_hurry(seconds)

    def refuse_hurry(self, seconds: float) -> None:
        """Raise HTTP 429 with the seconds to wait."""
        self._counts.add(self._service, "refused_too_many_requests")
        raise web.HTTPTooManyRequests(
            headers={"Retry-After": str(max(1, math.ceil(seconds)))},
            text="You are making too many requests. Please wait as Retry-After says; see "
            "https://www.mediawiki.org/wiki/Wikimedia_APIs/Rate_limits\n",
        )


async def parameters_of(request: web.Request) -> Mapping[str, str]:
    """Return the parameters of the query string and of a form in the body."""
    found = dict(request.query)
    if request.method == "POST":
        found.update({k: v for k, v in (await request.post()).items() if isinstance(v, str)})
    return found


def required(parameters: Mapping[str, str], name: str) -> str:
    """Return a parameter, or raise the error that MediaWiki gives when it is not set."""
    value = parameters.get(name, "")
    if not value:
        raise ApiError(code="missingparam", info=f'The "{name}" parameter must be set.')
    return value


def values_of(text: str, limit: int = 50, name: str = "values") -> list[str]:
    """Split a `|` list; more than `limit` values are an error, as for anonymous clients."""
    found = [value for value in text.split("|") if value]
    if len(found) > limit:
        raise ApiError(
            code="toomanyvalues",
            info=f'Too many values supplied for parameter "{name}". The limit is {limit}.',
        )
    return found


def whole_number(
    parameters: Mapping[str, str], name: str, default: int, lowest: int, highest: int
) -> int:
    """Return a number parameter within its bounds; `max` means the highest."""
    text = parameters.get(name)
    if text is None:
        return default
    if text == "max":
        return highest
    try:
        number = int(text)
    except ValueError:
        raise ApiError(
            code="badinteger", info=f'Invalid value "{text}" for integer parameter "{name}".'
        ) from None
    return max(lowest, min(highest, number))


def answer(body: JsonObject) -> web.Response:
    """Return a JSON answer with the headers of MediaWiki."""
    return web.json_response(body, headers={"Cache-Control": "private, must-revalidate, max-age=0"})


def error_answer(error: ApiError, version: str = "1", error_format: str = "bc") -> web.Response:
    """Return a refused request as MediaWiki does: HTTP 200 with an error, in its old or new form."""
    if error_format != "bc":
        key = {"html": "html", "wikitext": "text", "plaintext": "text"}.get(error_format, "key")
        name = key if version == "2" or key == "key" else "*"
        errors = [{"code": error.code, name: error.info, "module": "main"}]
        return web.json_response({"errors": errors}, headers={"MediaWiki-API-Error": error.code})
    help_text = "See https://www.mediawiki.org/w/api.php for API usage."
    key = "docref" if version == "2" else "*"
    body = {"error": {"code": error.code, "info": error.info, key: help_text}}
    return web.json_response(body, headers={"MediaWiki-API-Error": error.code})
