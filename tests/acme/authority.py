"""pebble as a certificate authority that validates dns-01 through a resolver."""

import json
import subprocess

import requests

from sallyport import free_port
from service import Service

# Longer than any client's "renew when so many days are left", so that a renewal is always forced.
VALIDITY_SECONDS = 90 * 24 * 3600

# No artificial waits, no refused nonces (clients give up by themselves), and every order proves its
# names again.
VARIABLES = ["PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0"]


def make_certificate(certificate_path, key_path):
    """A certificate for 127.0.0.1 that is its own authority."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", key_path, "-out", certificate_path],
        check=True, capture_output=True, timeout=30)


class Authority(Service):
    """An ACME server that validates through `resolver`; its TLS certificate is in `trusted_path`."""

    def __init__(self, folder, resolver):
        folder.mkdir()
        self.trusted_path = folder / "trusted.pem"
        key_path = folder / "key.pem"
        make_certificate(self.trusted_path, key_path)
        port, self.management_port = free_port(), free_port()
        self.directory_url = f"https://127.0.0.1:{port}/dir"
        file = folder / "pebble.json"
        file.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{port}",
            "managementListenAddress": f"127.0.0.1:{self.management_port}",
            "certificate": str(self.trusted_path),
            "privateKey": str(key_path),
            "httpPort": 5002,
            "tlsPort": 5001,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "retryAfter": {"authz": 1, "order": 1},
            "certificateValidityPeriod": VALIDITY_SECONDS,
        }}))
        super().__init__(folder, ["env", *VARIABLES, "pebble", "-strict", "-config", file,
                                  "-dnsserver", f"127.0.0.1:{resolver.port}"], "pebble.log")

    def answers(self):
        try:
            return self._get(self.directory_url).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def write_root(self, path):
        """Writes the root certificate of everything that is issued to `path`."""
        answer = self._get(f"https://127.0.0.1:{self.management_port}/roots/0")
        answer.raise_for_status()
        path.write_bytes(answer.content)

    def _get(self, url):
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, verify=str(self.trusted_path), timeout=5)
