"""uacme proves one name straight after the other."""

import pytest

from account import HOOKS

WITH_TRUSTED_ROOT = HOOKS.parent / "with_trusted_root.sh"


class Uacme:
    """uacme with an account at the CA, trusting the CA's TLS certificate."""

    def __init__(self, folder, account, authority):
        self.account = account
        self.base = folder / "uacme"
        self.command = [WITH_TRUSTED_ROOT, authority.trusted_path,
                        "uacme", "--verbose", "--yes", "--type", "EC",
                        "--acme-url", authority.directory_url, "--confdir", self.base]
        self.certificate = self.base / "example.test" / "cert.pem"
        account.run([*self.command, "new"])

    def issue(self, *options, hook=HOOKS / "uacme.sh"):
        return self.account.attempt([*self.command, "--hook", hook, *options,
                                     "issue", "example.test", "*.example.test"])


@pytest.fixture
def uacme(folder, account, authority):
    return Uacme(folder, account, authority)


def test_uacme_issues_and_renews(uacme, issued):
    assert uacme.issue() == 0
    first = issued(uacme.certificate)

    assert uacme.issue("--force") == 0
    assert issued(uacme.certificate) != first


def test_wrong_value_is_refused(folder, uacme, account):
    """The CA does look: with another value than the challenge's there is no certificate."""
    account.update("A" * 43)
    hook = folder / "idle.sh"
    hook.write_text("#!/bin/sh\n[ \"$2\" = dns-01 ]\n")
    hook.chmod(0o755)

    assert uacme.issue(hook=hook) != 0
    assert not uacme.certificate.exists()
