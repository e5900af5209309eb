"""A real nginx in front of the server under test, with the configurations that contrib/ has for it."""

import contextlib
import subprocess
from pathlib import Path

from sallyport import DEADLINE, ROOT, Program, Server, make_certificate

CONTRIB = Path(__file__).resolve().parents[2] / "contrib" / "nginx"
SITE, STREAM = CONTRIB / "sallyport.conf", CONTRIB / "sallyport-stream.conf"

# What surrounds them in Debian's nginx.conf, as far as it matters, with nothing outside the test's folder.
BASE = """\
{user}
{modules}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
events {{}}
"""
SURROUNDINGS = {
    SITE: BASE + """\
http {{
	access_log {folder}/nginx-access.log;
	client_body_temp_path {folder}/nginx-body;
	proxy_temp_path {folder}/nginx-proxy;
	fastcgi_temp_path {folder}/nginx-fastcgi;
	uwsgi_temp_path {folder}/nginx-uwsgi;
	scgi_temp_path {folder}/nginx-scgi;
	include {folder}/shipped.conf;
}}
""",
    STREAM: BASE + "include {folder}/shipped.conf;\n",
}
MODULES = {SITE: "", STREAM: "load_module /usr/lib/nginx/modules/ngx_stream_module.so;"}


class Nginx(Program):
    """nginx as a child that does not fork away; `changes` are what an administrator would change."""

    def __init__(self, folder, shipped, changes):
        folder = Path(folder)
        text = shipped.read_text()
        for old, new in changes.items():
            assert old in text, f"{shipped} has no {old!r}"
            text = text.replace(old, new)
        (folder / "shipped.conf").write_text(text)
        file = folder / "nginx.conf"
        file.write_text(SURROUNDINGS[shipped].format(
            folder=folder, user="user www-data;" if ROOT else "", modules=MODULES[shipped]))
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


class _Behind(Server):
    """Starts and ends its nginx with itself."""

    nginx = None

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


class ServerBehindNginx(_Behind):
    """Sallyport at a Unix socket; its clients speak HTTPS to nginx."""

    def __init__(self, folder, **overrides):
        super().__init__(folder, tls=False, **overrides)
        path = Path(folder) / "api.sock"
        self.configuration["api"] |= {"listen": [f"unix:{path}"], "trusted_proxies": ["unix"],
                                      "registration_from": ["127.0.0.1/32", "::1/128"]}
        self.write_configuration()
        self.certificate, key_file = make_certificate(folder)
        self.nginx = Nginx(folder, SITE, {
            "unix:/run/sallyport-api/api.sock;": f"unix:{path};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.api_port} ssl;",
            "listen [::]:443 ssl;": f"listen [::1]:{self.api_port} ssl;",
            "/etc/ssl/auth.example.org/fullchain.pem": str(self.certificate),
            "/etc/ssl/auth.example.org/privkey.pem": str(key_file),
        })


class ServerBehindStream(_Behind):
    """Its clients speak HTTPS to Sallyport itself; nginx only hands on, with a PROXY header in front."""

    def __init__(self, folder, **overrides):
        super().__init__(folder, tls=True, **overrides)
        path = Path(folder) / "api.sock"
        self.configuration["api"] |= {
            "listen": [{"address": f"unix:{path}", "tls": True, "proxy_protocol": True}], "trusted_proxies": ["unix"]}
        self.write_configuration()
        self.nginx = Nginx(folder, STREAM, {
            "unix:/run/sallyport-api/api.sock;": f"unix:{path};",
            "listen 443;": f"listen 127.0.0.1:{self.api_port};",
            "listen [::]:443;": f"listen [::1]:{self.api_port};",
        })
