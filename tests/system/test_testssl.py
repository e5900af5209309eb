"""testssl.sh, which looks for everything that is known to be wrong with a TLS server."""

import json
import subprocess

import pytest

from sallyport import Server, make_certificate

# What these are about is a certificate that signs itself, or the auditor's own OpenSSL, and not the server.
OF_SOMETHING_ELSE = ("cert_revocation", "DNS_CAArecord", "OCSP_stapling", "engine_problem")
HARMLESS = ("OK", "INFO", "LOW", "DEBUG")


def audit(server, folder):
    """Everything that it has to say: {id: (severity, finding)}."""
    report = folder / "report.json"
    shown = subprocess.run(
        ["testssl", "--quiet", "--warnings", "batch", "--color", "0", "--nodns", "none", "--add-ca", server.certificate,
         "--jsonfile", report, f"127.0.0.1:{server.api_port}"], capture_output=True, text=True, timeout=1500,
        cwd=folder)
    print(shown.stdout, shown.stderr)
    return {entry["id"]: (entry["severity"], entry["finding"]) for entry in json.loads(report.read_text())}


@pytest.mark.parametrize("key", ["ec:P-256", "rsa:2048"])
def test_nothing_above_low(folder, key):
    server = Server(folder / "server", tls=True, api={"hsts": 31536000})
    server.use_certificate(*make_certificate(folder, key=key))
    server.write_configuration()
    with server:
        found = audit(server, folder)
        server.register()
    assert found["TLS1_2"][0] == found["TLS1_3"][0] == "OK", found
    assert len(found) > 80
    bad = {name: what for name, what in found.items()
           if what[0] not in HARMLESS and not name.startswith(OF_SOMETHING_ELSE)}
    assert bad == {}
