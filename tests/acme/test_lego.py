"""lego, which follows the CNAME itself before it calls the hook."""

from account import HOOKS


def test_lego_issues_and_renews(folder, account, resolver, authority, issued):
    base = folder / "lego"
    # Without these two options lego asks name servers off this machine.
    resolver_only = ["--dns.resolvers", f"127.0.0.1:{resolver.port}", "--dns.disable-cp"]
    command = ["lego", "--server", authority.directory_url, "--accept-tos",
               "--email", "hostmaster@example.test", "--path", base, "--dns", "exec",
               *resolver_only, "--domains", "example.test", "--domains", "*.example.test"]
    variables = {"LEGO_CA_CERTIFICATES": str(authority.trusted_path),
                 "EXEC_PATH": str(HOOKS / "lego.sh"), "EXEC_SEQUENCE_INTERVAL": "1"}
    certificate = base / "certificates" / "example.test.crt"

    account.run([*command, "run"], **variables)
    first = issued(certificate)

    account.run([*command, "renew", "--no-random-sleep", "--days", "365"], **variables)
    assert issued(certificate) != first
