"""Fixtures: folders, servers, and the two things every test promises (no sanitizer report, log on failure)."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import nginx  # noqa: E402
import sallyport  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "root: only root can arrange or see what this test is about")
    config.addinivalue_line("markers", "as_shipped: only a build without sanitizers has what this test is about")
    config.addinivalue_line("markers", "x86_64: only in programs for x86-64 is what this test looks for")


def pytest_collection_modifyitems(config, items):
    """Tests that cannot show anything here are left out, and pytest counts them as deselected."""
    conditions = (("root", sallyport.ROOT), ("as_shipped", not sallyport.SANITIZED), ("x86_64", os.uname().machine == "x86_64"))
    absent = [name for name, there in conditions if not there]
    needing = [item for item in items if any(item.get_closest_marker(name) for name in absent)]
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for program in sallyport.Program.started:
            report.sections.append((f"log of {program.arguments[0]} in {program.folder}",
                                    program.log()[-20000:]))


@pytest.fixture(autouse=True)
def sanitizers_are_silent():
    yield
    check_sanitizers()


def check_sanitizers():
    reports = [report for program in sallyport.Program.started
               if (report := program.sanitizer_report())]
    assert not reports, "a sanitizer complained:\n" + "\n".join(reports)


@pytest.fixture
def folder():
    """A fresh folder that every uid can enter. Programs started in it are ended with the test."""
    path = sallyport.make_folder()
    yield path
    end_programs_in(path)
    sallyport.remove_folder(path)


@pytest.fixture(scope="module")
def module_folder():
    path = sallyport.make_folder()
    yield path
    end_programs_in(path)
    sallyport.remove_folder(path)


def end_programs_in(path):
    for program in list(sallyport.Program.started):
        if program.folder == path or path in program.folder.parents:
            program.destroy()
            sallyport.Program.started.remove(program)


@pytest.fixture(scope="session")
def server_class():
    """Which way to the server: SALLYPORT_UNIX: its Unix socket; SALLYPORT_NGINX: through nginx; else its ports."""
    if os.environ.get("SALLYPORT_NGINX"):
        return nginx.ServerBehindNginx
    return sallyport.LocalServer if os.environ.get("SALLYPORT_UNIX") else sallyport.Server


@pytest.fixture(scope="module")
def server(request, module_folder, server_class):
    """
    A server shared by the tests of a file, which therefore use accounts of their own. The file's
    SERVER dictionary, if it has one, says what is to be different in its configuration.
    """
    with server_class(module_folder, **getattr(request.module, "SERVER", {})) as running:
        yield running
    check_sanitizers()


@pytest.fixture
def account(server):
    return server.register()
