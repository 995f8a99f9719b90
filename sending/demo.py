"""The demo's carrier: the simulator that `make run` starts beside everything else."""

from django.conf import settings

from sending.models import Carrier

NAME = "simulator"
SYSTEM_ID = "demo"
PASSWORD = "demo1234"  # of the simulator on loopback; protects nothing
USUAL_PORT = 2775  # IANA's for SMPP; the simulator's own default


def simulator_port() -> int:
    noted = settings.VAR_DIR / "smsc.port"
    return settings.SMSC_PORT or (int(noted.read_text()) if noted.exists() else USUAL_PORT)


def carrier() -> Carrier:
    """Make it, or point it to where the simulator listens now; all else that was changed stays."""
    found = Carrier.objects.filter(name=NAME).first()
    if found is None:
        found = Carrier(name=NAME, host="127.0.0.1", system_id=SYSTEM_ID, window=1000, rate=10_000, source="10690000")
        found.set_password(PASSWORD)
    found.port = simulator_port()
    found.save()
    return found
