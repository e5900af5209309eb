"""certbot sets both values, and only then asks the CA to look."""

from account import HOOKS


def test_certbot_issues_and_renews(folder, account, authority, issued):
    base = folder / "certbot"
    options = ["--non-interactive", "--config-dir", base / "config", "--work-dir", base / "work",
               "--logs-dir", base / "logs"]
    trust = {"REQUESTS_CA_BUNDLE": str(authority.trusted_path)}
    certificate = base / "config" / "live" / "example.test" / "fullchain.pem"

    account.run(["certbot", "certonly", *options, "--server", authority.directory_url,
                 "--agree-tos", "--register-unsafely-without-email",
                 "--manual", "--preferred-challenges", "dns",
                 "--manual-auth-hook", HOOKS / "certbot.sh",
                 "-d", "example.test", "-d", "*.example.test"], **trust)
    first = issued(certificate)

    account.run(["certbot", "renew", *options, "--force-renewal", "--no-random-sleep-on-renew"],
                **trust)
    assert issued(certificate) != first
