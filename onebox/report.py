"""What a box says on the terminal."""

from dataclasses import asdict

from onebox.ports import Ports
from onebox.site import Site


def say(line: str = "") -> None:
    """Print a line now, also into a pipe."""
    print(line, flush=True)


def say_ports(wanted: Ports, chosen: Ports) -> None:
    """Say which of the usual ports were taken."""
    for name, port in asdict(chosen).items():
        usual = asdict(wanted)[name]
        if usual not in (0, port):
            say(f"port {usual} is taken: {name.replace('_', ' ')} gets {port}")


def say_ready(name: str, address: str, seconds: float) -> None:
    """Say that a piece can be used, and where it is."""
    say(f"{name:<16}{address:<60}ready in {seconds:.1f} s")


def say_where(site: Site) -> None:
    """Say what can be looked at, and how to call the API."""
    say()
    for what, where in (
        ("API", f"{site.api_url}/docs"),
        ("operators", f"{site.api_url}/ops, token: python3 run.py token --sub you --scope ops"),
        ("Temporal", site.temporal_ui_url),
        ("Stripe sandbox", f"{site.stripe_sandbox_url}/docs"),
        ("logs", str(site.directory / "logs")),
        ("by hand", "TOKEN=$(python3 run.py token --sub alice)"),
        ("", f'curl -H "Authorization: Bearer $TOKEN" {site.api_url}/ticket-types'),
    ):
        say(f"{what:<16}{where}")
    say("\nUp. Ctrl-C stops everything.")
