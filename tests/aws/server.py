"""The emulator's process: moto's server, with what moto lacks added to it.

    python -m tests.aws.server PORT

It listens on 127.0.0.1; 0 lets the kernel choose the port. One line on standard output says where
it listens as soon as it answers. Everything it knows is in memory: it must not be among the
processes that a test kills.
"""

import logging
import os
import sys

from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from tests.aws import autoscaling, cloudwatch, ec2, ecs, elb, elbv2, iam, lambda_
from tests.aws.endpoint import LOOPBACK, READY

SERVICES = (autoscaling, cloudwatch, ec2, ecs, elb, elbv2, iam, lambda_)
"""Each module adds to moto what it lacks of one service, by its `install()`."""


def main() -> None:
    """Serve until killed."""
    (port,) = sys.argv[1:]
    for service in SERVICES:
        service.install()
    server = listen(int(port))
    print(f"{READY}http://{LOOPBACK}:{server.port}", flush=True)
    server.serve_forever()


def listen(port: int) -> BaseWSGIServer:
    """Return moto's server, listening; functions that it runs find it in the environment."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    default_user_config["lambda"]["use_docker"] = False
    server = make_server(
        LOOPBACK,
        port,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    # moto calls itself at this port, and our functions call back at the other.
    os.environ["MOTO_PORT"] = str(server.port)
    os.environ["AWS_ENDPOINT_URL"] = f"http://{LOOPBACK}:{server.port}"
    return server


if __name__ == "__main__":
    main()
