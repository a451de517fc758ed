"""The wire to one webhook: a signed POST to an address that was judged first, and what became of it.

Follows no redirect, and of an answer wants nothing but the status. Logs nothing, and quotes nothing of what
the receiver says.
"""

import asyncio
import ssl

import aiohttp
from yarl import URL

from idp_adapters import Resolve, UrlError, failure_words, judging_session, system_resolve
from outerward.webhooks.settings import WebhookSettings
from outerward.webhooks.signing import key_of, signed_headers

DEADLINE_S = 5.0
_MOST_READ = 4096
_GONE = 410


class Sender:
    """Sends to one webhook. Raises UrlError and ValueError, in words, for settings that have problems."""

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._url = settings.url
        self._destinations = settings.destinations()
        self._destinations.check_url(settings.url)
        self._key = key_of(settings.secret)
        self._resolve = resolve
        self._tls = tls
        self._deadline_s = deadline_s
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message_id: str, body: bytes, timestamp_s: int) -> str:
        """Send ``body`` once: "" where the receiver took it, else why it did not, in words.

        ``timestamp_s``: the time, Unix seconds.
        """
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            **signed_headers(self._key, message_id, timestamp_s, body),
        }
        try:
            async with asyncio.timeout(self._deadline_s):
                return _failure(await self._post(headers, body))
        except TimeoutError:
            return f"no answer within {self._deadline_s:g} s"
        except UrlError as error:
            return str(error)
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            return f"TLS: {failure_words(error)}"
        except (aiohttp.ClientError, OSError) as error:
            return failure_words(error)

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, headers: dict[str, str], body: bytes) -> int:
        if self._session is None:
            self._session = judging_session(self._destinations, resolve=self._resolve, tls=self._tls)
        response = await self._session.post(
            URL(self._url, encoded=True),
            headers=headers,
            data=body,
            allow_redirects=False,
            read_bufsize=_MOST_READ,
        )
        # An answer that came whole has given its connection back by now; any other's is closed.
        response.close()
        return response.status


def _failure(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"it answered {status}, a redirect, which is not followed"
    if status == _GONE:
        return f"it answered {status}: it is gone for good, and its webhook can be removed"
    return f"it answered {status}"
