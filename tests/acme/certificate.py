"""An issued certificate, read and verified with the openssl command."""

import re
import subprocess


class Certificate:
    """`path` holds the certificate and its chain in PEM."""

    def __init__(self, path):
        self.path = path

    @property
    def names(self):
        text = self._openssl("x509", "-noout", "-ext", "subjectAltName", "-in", self.path)
        return sorted(re.findall(r"DNS:([^,\s]+)", text))

    @property
    def serial(self):
        return self._openssl("x509", "-noout", "-serial", "-in", self.path).strip()

    def verify(self, root_path):
        """Raises unless the chain leads to the root and no other."""
        self._openssl("verify", "-no-CAstore", "-no-CApath", "-CAfile", root_path,
                      "-untrusted", self.path, self.path)

    @staticmethod
    def _openssl(*arguments):
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True,
                              timeout=30).stdout
