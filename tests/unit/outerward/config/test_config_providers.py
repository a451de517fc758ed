"""What is said of a provider whose keys do not go together, or that is named by a wrong address."""

from pathlib import Path

from outerward.config import ConfigErrors, load_settings

CORP = """\
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "outerward"
"""


def errors(folder: Path, text: str) -> list[str]:
    """What is said, without the file's name."""
    file = folder / "outerward.toml"
    file.write_text(text)
    try:
        load_settings(file, {})
    except ConfigErrors as found:
        return [line.removeprefix(f"{folder}/outerward.toml:") for line in found.lines]
    return []


def test_a_base_url_ends_before_the_address_of_the_metadata(tmp_path: Path) -> None:
    preset = CORP.replace('"oidc"', '"oauth"\nprovider = "gitlab"\nclient_secret = "s"')
    text = preset.replace('issuer = "https://id', 'base_url = "https://id').replace(
        ".com", ".com/.well-known/openid-configuration"
    )

    assert errors(tmp_path, text) == [
        "5: provider.corp.base_url: ends before /.well-known/openid-configuration"
    ]


def test_a_secret_in_the_place_of_a_key_is_told_as_that_alone(tmp_path: Path) -> None:
    text = CORP + 'client_secret = "x"\nclient_auth = "private_key_jwt"\n'

    assert errors(tmp_path, text) == [
        "1: provider.corp.private_key: is required with client_auth = 'private_key_jwt'",
        "5: provider.corp.client_secret: not used with client_auth = 'private_key_jwt'",
    ]


def test_a_way_of_authentication_that_takes_a_secret_needs_one(tmp_path: Path) -> None:
    text = CORP + 'client_auth = "client_secret_post"\n'

    assert errors(tmp_path, text) == ["1: provider.corp.client_secret: is required"]
