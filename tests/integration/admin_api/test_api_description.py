"""The running API held against its own description, by schemathesis."""

import asyncio
import re
import sys
from pathlib import Path

from structlog.testing import capture_logs

from session_store import Store
from tests.support.admin_api import BOOTSTRAP, NOTES, running_api, seconds, session_of

DESCRIPTION = Path(__file__).parents[3] / "admin_api" / "openapi.yaml"

# Real ids, so that answers with content are seen. A schema cannot say that a time must be in the future.
SETTINGS = """
[[operations]]
include-name = "GET /app/users/{{id}}"
parameters.id = "{user}"
[[operations]]
include-name = "GET /app/sessions/{{id}}"
parameters.id = "{session}"
[[operations]]
include-name = "POST /tokens"
checks.positive_data_acceptance.enabled = false
"""


async def test_hundreds_of_calls_find_no_answer_that_is_not_described(store: Store, tmp_path: Path) -> None:
    await session_of(store, "grace")
    session = await session_of(store, endpoint=NOTES)
    settings = tmp_path / "settings.toml"
    settings.write_text(SETTINGS.format(user=session.user_id, session=session.id))
    with capture_logs() as lines:
        async with running_api(store, monotonic_s=seconds()) as api:
            process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name("schemathesis")),
                *["--config-file", str(settings), "run", str(DESCRIPTION), "--url", api.url],
                *["--header", f"Authorization: Bearer {BOOTSTRAP}", "--phases", "examples,coverage,fuzzing"],
                *["--max-examples", "15", "--generation-deterministic", "--no-color"],
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    generated = re.search(r"(\d+) generated", output)
    assert generated is not None
    assert int(generated[1]) > 300
    statuses = {line["status"] for line in lines if line["event"] == "api_request"}
    assert {200, 201, 204, 400, 401, 404, 405} <= statuses
    assert max(statuses) < 500
