"""A real nginx in front of the server under test, with the configuration that contrib/ has for it."""

import contextlib
import subprocess
from pathlib import Path

from sallyport import DEADLINE, ROOT, Program, Server, make_certificate

SHIPPED = Path(__file__).resolve().parents[2] / "contrib" / "nginx" / "sallyport.conf"

# What surrounds it in Debian's nginx.conf, as far as it matters, with nothing outside the test's folder.
SURROUNDINGS = """\
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
events {{}}
http {{
	access_log {folder}/nginx-access.log;
	client_body_temp_path {folder}/nginx-body;
	proxy_temp_path {folder}/nginx-proxy;
	fastcgi_temp_path {folder}/nginx-fastcgi;
	uwsgi_temp_path {folder}/nginx-uwsgi;
	scgi_temp_path {folder}/nginx-scgi;
	include {folder}/sallyport-site.conf;
}}
"""


class Nginx(Program):
    """nginx as a child that does not fork away; `changes` are what an administrator would change."""

    def __init__(self, folder, changes, shipped=SHIPPED, surroundings=SURROUNDINGS):
        folder = Path(folder)
        text = shipped.read_text()
        for old, new in changes.items():
            assert old in text, f"{shipped} has no {old!r}"
            text = text.replace(old, new)
        (folder / "sallyport-site.conf").write_text(text)
        file = folder / "nginx.conf"
        file.write_text(surroundings.format(folder=folder, user="user www-data;" if ROOT else ""))
        super().__init__(folder, ["/usr/sbin/nginx", "-p", folder, "-e", "stderr", "-c", file], "nginx.log")

    def access_log(self):
        path = self.folder / "nginx-access.log"
        return path.read_text() if path.exists() else ""

    def destroy(self):
        """By SIGTERM first: workers whose master is killed go on."""
        if self.runs():
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(DEADLINE)
        super().destroy()


class ServerBehindNginx(Server):
    """Sallyport at a Unix socket; its clients speak HTTPS to nginx."""

    def __init__(self, folder, allowed="192.0.2.0/24", **overrides):
        super().__init__(folder, tls=False, **overrides)
        path = Path(folder) / "api.sock"
        self.configuration["api"] |= {"listen": [f"unix:{path}"], "trusted_proxies": ["unix"]}
        self.write_configuration()
        self.certificate, key_file = make_certificate(folder)
        self.nginx = Nginx(folder, {
            "unix:/run/sallyport-api/api.sock;": f"unix:{path};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.api_port} ssl;",
            "listen [::]:443 ssl;": f"listen [::1]:{self.api_port} ssl;",
            "/etc/ssl/auth.example.org/fullchain.pem": str(self.certificate),
            "/etc/ssl/auth.example.org/privkey.pem": str(key_file),
            "192.0.2.0/24": allowed,
        })

    def start(self):
        self.nginx.launch()
        try:
            return super().start()
        except BaseException:
            self.nginx.destroy()
            raise

    def stop(self):
        try:
            super().stop()
        finally:
            code = self.nginx.terminate()
        assert code == 0, f"nginx: exit code {code}"

    def destroy(self):
        self.nginx.destroy()
        super().destroy()
