"""dehydrated, with one call of the hook for each name and with one for all names."""

import pytest

from account import HOOKS

CONFIGURATION = """
CA="{directory_url}"
CHALLENGETYPE=dns-01
HOOK="{hook}"
HOOK_CHAIN={hook_chain}
BASEDIR="{base}"
KEY_ALGO=secp384r1
"""


@pytest.mark.parametrize("hook_chain", ["yes", "no"])
def test_dehydrated_issues_and_renews(hook_chain, folder, account, authority, issued):
    base = folder / "dehydrated"
    base.mkdir()
    (base / "domains.txt").write_text("example.test *.example.test\n")
    configuration = base / "config"
    configuration.write_text(CONFIGURATION.format(
        directory_url=authority.directory_url, hook=HOOKS / "dehydrated.sh",
        hook_chain=hook_chain, base=base))
    trust = {"CURL_CA_BUNDLE": str(authority.trusted_path)}
    command = ["dehydrated", "--config", configuration]
    certificate = base / "certs" / "example.test" / "fullchain.pem"

    account.run([*command, "--register", "--accept-terms"], **trust)
    account.run([*command, "--cron"], **trust)
    first = issued(certificate)

    account.run([*command, "--cron", "--force"], **trust)
    assert issued(certificate) != first
