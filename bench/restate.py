"""Restate as a variant: its server from npm, its SDK's endpoint, and the two made known."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp

from bench.variants import Started
from onebox.ports import HOST, free_port
from onebox.processes import Process
from onebox.site import Site
from onebox.state import state_directory
from onebox.supervisor import Supervisor

_VERSION = "1.7.12"
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def obstacle() -> str | None:
    """Install the server unless it is there; say why if it cannot be."""
    if _program().exists():
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "its server comes by npm, and there is no npm here"
    quietly = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(  # noqa: S603 - our own command
        [npm, "install", *quietly, "--prefix", str(_prefix()), f"{_package()}@{_VERSION}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return None if _program().exists() else f"npm could not install {_package()}: {done.stdout}"


def _prefix() -> Path:
    return state_directory() / "bench" / f"restate-{_VERSION}"


def _package() -> str:
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    return f"@restatedev/restate-server-{sys.platform}-{architecture}"


def _program() -> Path:
    return _prefix() / "node_modules" / _package() / "bin" / "restate-server"


async def start(supervisor: Supervisor, site: Site) -> Started:
    """Start server and endpoint, and make them known to each other.

    The server's ingress, which buyers and Stripe call, is where the product has its API.
    """
    port = free_port()
    api = site.python(
        "api",
        ["-m", "hypercorn", "bench.peers.restate.app:app", "--bind", f"{HOST}:{port}"],
        site.environment(),
    )
    engine = _server(site)
    supervisor.start(api)
    supervisor.start(engine)
    await supervisor.ready(engine, f"{site.api_url}/restate/health")
    await supervisor.ready(api, lambda: "Running on" in api.last_lines())
    admin = f"http://{HOST}:{site.ports.temporal_ui}"
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        endpoint = {"uri": f"http://{HOST}:{port}", "force": True}
        async with http.post(f"{admin}/deployments", json=endpoint):
            pass
    return Started((site.api_url,), {"api": [api], "restate": [engine]})


def _server(site: Site) -> Process:
    return site.process(
        "restate",
        [_program(), "--base-dir", site.directory / "restate", "--no-logo"],
        {
            "RESTATE_NODE_NAME": "bench",
            "RESTATE_LISTEN_MODE": "tcp",
            "RESTATE_BIND_ADDRESS": f"{HOST}:{site.ports.temporal}",
            "RESTATE_INGRESS__BIND_ADDRESS": f"{HOST}:{site.ports.api}",
            "RESTATE_ADMIN__BIND_ADDRESS": f"{HOST}:{site.ports.temporal_ui}",
            "RESTATE_DISABLE_TELEMETRY": "true",
            "RESTATE_LOG_FILTER": "warn",
        },
    )
