"""``docs/conformance.md`` lists the suite's modules, all of them, and names a test for each that is ours."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "conformance.md").read_text()
PREFIX = "oidcc-client-test"
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \| ([^|]+) \|(?: `([a-z_]+\.py)` \| ([^|]+) \|)?$", re.MULTILINE)

BASIC = (
    "",
    "-invalid-iss",
    "-missing-sub",
    "-invalid-aud",
    "-missing-iat",
    "-kid-absent-single-jwks",
    "-kid-absent-multiple-jwks",
    "-idtoken-sig-rs256",
    "-idtoken-sig-none",
    "-invalid-sig-rs256",
    "-userinfo-invalid-sub",
    "-nonce-invalid",
    "-scope-userinfo-claims",
    "-client-secret-basic",
)
CONFIG = (
    "-discovery-openid-config",
    "-discovery-jwks-uri-keys",
    "-discovery-issuer-mismatch",
    "-idtoken-sig-none",
    "-signing-key-rotation-just-before-signing",
    "-signing-key-rotation",
)
REFRESH = ("-refresh-token", "-refresh-token-invalid-issuer", "-refresh-token-invalid-sub")
BACK_CHANNEL = (
    "-rp-backchannel-rpinitlogout",
    "-rp-backchannel-rpinitlogout-alg-none",
    "-rp-backchannel-rpinitlogout-no-event",
    "-rp-backchannel-rpinitlogout-with-nonce",
    "-rp-backchannel-rpinitlogout-wrong-alg",
    "-rp-backchannel-rpinitlogout-wrong-aud",
    "-rp-backchannel-rpinitlogout-wrong-event",
    "-rp-backchannel-rpinitlogout-wrong-iss",
)
FRONT_CHANNEL = ("-rp-frontchannel-rpinitlogout", "-rp-frontchannel-opinitlogout")
RP_INITIATED = ("-rp-init-logout", "-rp-init-logout-no-state", "-rp-init-logout-other-state")
OTHER = (
    "-3rd-party-init-login",
    "-aggregated-claims",
    "-distributed-claims",
    "-discovery-webfinger-acct",
    "-discovery-webfinger-url",
    "-dynamic-registration",
    "-form-post-error",
    "-invalid-athash",
    "-invalid-chash",
    "-missing-athash",
    "-missing-chash",
    "-missing-aud",
    "-invalid-sig-es256",
    "-invalid-sig-hs256",
    "-mtls-endpoint-aliases",
    "-nonce-unless-code-flow",
    "-request-uri-signed-none",
    "-request-uri-signed-rs256",
    "-session-management",
    "-userinfo-bearer-body",
    "-userinfo-bearer-header",
    "-userinfo-signed",
)
SUITE = {
    PREFIX + end for end in (*BASIC, *CONFIG, *REFRESH, *BACK_CHANNEL, *FRONT_CHANNEL, *RP_INITIATED, *OTHER)
}
"""Every module for relying parties, as the suite's sources have them."""


def rows() -> list[tuple[str, str, str, str]]:
    return _ROW.findall(PAGE)


def found_in(file: str) -> dict[str, str]:
    """The tests of a file, with their docstrings."""
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.parse((HERE / file).read_text()).body
        if isinstance(node, ast.AsyncFunctionDef)
    }


def test_the_page_lists_every_module_once_and_no_other() -> None:
    listed = [module for module, *_ in rows()]

    assert sorted(listed) == sorted(SUITE)


def test_every_line_of_a_table_is_a_module() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]

    assert len(lines) == len(rows())


def test_the_test_of_a_module_is_called_as_the_module_is_and_says_what_it_does() -> None:
    for module, plan, file, result in rows():
        if file:
            assert found_in(file).get(f"test_{module.replace('-', '_')}"), module
            assert plan, module
            assert result.startswith(("taken", "refused")), module


def test_a_module_that_is_not_ours_has_a_reason_and_no_test() -> None:
    tests = {name for file in HERE.glob("test_*.py") for name in found_in(file.name)}
    others = [(module, reason) for module, reason, file, _ in rows() if not file]

    assert [module for module, _ in others if f"test_{module.replace('-', '_')}" in tests] == []
    assert all(len(reason.split()) > 4 for _, reason in others)


def test_every_test_that_is_called_as_a_module_is_on_the_page() -> None:
    tests = {name for file in HERE.glob("test_*.py") for name in found_in(file.name)}
    listed = {f"test_{module.replace('-', '_')}" for module, _, file, _ in rows() if file}

    assert {name for name in tests if name.startswith("test_oidcc_")} == listed
