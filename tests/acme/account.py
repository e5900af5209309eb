"""An account of the server, and the clients and hooks that act for it."""

import json
import os
import pathlib
import signal
import subprocess

HOOKS = pathlib.Path(__file__).parent / "hooks"
CLIENT_SECONDS = 120
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Account:
    """Registered by the hook, which keeps the answer in a file for the others."""

    def __init__(self, folder, api_url):
        self.folder = folder
        path = folder / "account.json"
        # Nothing of the caller's environment: no proxies, no other accounts.
        self.environment = {"PATH": PATH, "HOME": str(folder), "LC_ALL": "C.UTF-8",
                            "SALLYPORT_API": api_url, "SALLYPORT_ACCOUNT": str(path)}
        self.run([HOOKS / "register.sh"])
        self.fulldomain = json.loads(path.read_text())["fulldomain"]

    def update(self, value):
        """Sets a value as a hook does."""
        self.run(["sh", "-ec", '. "$1"; update "$2"', "sh", HOOKS / "account.sh", value])

    def run(self, command, **variables):
        """Runs a client or a hook, which has to succeed."""
        code = self.attempt(command, **variables)
        assert code == 0, f"{command} exited with {code}"

    def attempt(self, command, **variables):
        """Runs a client or a hook and returns its exit code; its output is shown if the test fails."""
        process = subprocess.Popen(
            list(map(str, command)), cwd=self.folder, env={**self.environment, **variables},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        try:
            output, _ = process.communicate(timeout=CLIENT_SECONDS)
        except subprocess.TimeoutExpired:
            # The client with all that it started, or its pipe would never end.
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"\nnot done after {CLIENT_SECONDS} s: killed"
        print(output)
        return process.returncode
