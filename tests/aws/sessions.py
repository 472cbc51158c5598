"""Sessions of the AWS SDK that ask the emulator, in a process whose environment does not."""

from pathlib import Path

from botocore.session import Session

from tests.aws.endpoint import ANYBODY, REGION, Credentials, Endpoint


def session_of(aws: Endpoint, scratch: Path, credentials: Credentials = ANYBODY) -> Session:
    """Return a session whose configuration file, made in `scratch`, names the emulator."""
    path = scratch / "config"
    path.write_text(f"[default]\nregion = {REGION}\nendpoint_url = {aws.url}\n")
    session = Session(session_vars={"config_file": (None, None, str(path), None)})
    session.set_credentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token
    )
    return session
