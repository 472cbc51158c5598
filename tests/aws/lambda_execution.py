"""One invocation of a Lambda function: its code in a process of its own, with little around it."""

import base64
import io
import json
import os
import subprocess
import sys
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from moto.awslambda.models import LambdaFunction
from moto.sts.models import sts_backends

from tests.aws.program import tethered

_RUNTIME = Path(__file__).with_name("lambda_runtime.py")
_LOG_TAIL_BYTES = 4096
_AN_HOUR = 3600


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended.

    Attributes:
        payload: What the function returned, or the error, as JSON.
        log: What it wrote.
    """

    payload: bytes
    failed: bool
    log: bytes

    @property
    def log_tail(self) -> str:
        """The end of its log as the answer to Invoke carries it."""
        return base64.b64encode(self.log[-_LOG_TAIL_BYTES:]).decode()


@dataclass(frozen=True)
class Execution:
    """A function that is about to run on an event."""

    function: LambdaFunction
    event: bytes
    qualifier: str | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def version(self) -> str:
        """The version that runs."""
        return str(self.function.version)

    def run(self) -> Outcome:
        """Run the handler until it returns, fails, or its time is over."""
        with TemporaryDirectory(prefix="function-") as directory:
            task, answer = Path(directory) / "task", Path(directory) / "answer"
            zipfile.ZipFile(io.BytesIO(self.function.code_bytes)).extractall(task)
            try:
                ended = self._start(task, answer)
            except subprocess.TimeoutExpired as late:
                limit = f"Task timed out after {self.function.timeout:.2f} seconds"
                return self._failed("Sandbox.Timedout", limit, late.output or b"")
            if not answer.exists():
                died = f"Runtime exited with error: exit status {ended.returncode}"
                return self._failed("Runtime.ExitError", died, ended.stdout)
            return self._answered(json.loads(answer.read_bytes()), ended.stdout)

    def _start(self, task: Path, answer: Path) -> subprocess.CompletedProcess[bytes]:
        runtime = (sys.executable, "-P", str(_RUNTIME), str(self.function.handler), str(answer))
        return subprocess.run(
            tethered(*runtime),
            cwd=task,
            env=self._environment(task),
            input=self.event,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=self.function.timeout,
            check=False,
        )

    def _environment(self, task: Path) -> dict[str, str]:
        arn = f"{self.function.function_arn.split(':function:')[0]}:function:"
        arn += ":".join(filter(None, [self.function.function_name, self.qualifier]))
        return {
            **self.function.environment_vars,
            **self._role_credentials(),
            "PATH": os.environ["PATH"],
            "HOME": str(task.parent),
            "LAMBDA_TASK_ROOT": str(task),
            "AWS_LAMBDA_FUNCTION_NAME": self.function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": self.function.logs_group_name,
            "AWS_REGION": self.function.region,
            "AWS_DEFAULT_REGION": self.function.region,
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
            "_REQUEST_ID": self.request_id,
            "_INVOKED_ARN": arn,
            "_TIMEOUT": str(self.function.timeout),
        }

    def _role_credentials(self) -> dict[str, str]:
        """Return credentials of the function's role, which its policies limit."""
        function = self.function
        role = sts_backends[function.account_id][function.partition].assume_role(
            region_name=function.region,
            role_session_name=function.function_name,
            role_arn=function.role,
            policy="",
            duration=_AN_HOUR,
            external_id="",
        )
        return {
            "AWS_ACCESS_KEY_ID": role.access_key_id,
            "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
            "AWS_SESSION_TOKEN": role.session_token,
        }

    def _failed(self, kind: str, reason: str, output: bytes) -> Outcome:
        message = f"RequestId: {self.request_id} Error: {reason}"
        return self._answered({"error": {"errorType": kind, "errorMessage": message}}, output)

    def _answered(self, answer: dict[str, object], output: bytes) -> Outcome:
        failed = "error" in answer
        payload = json.dumps(answer["error"] if failed else answer["result"]).encode()
        start = f"START RequestId: {self.request_id} Version: {self.version}\n"
        end = f"END RequestId: {self.request_id}\n"
        return Outcome(payload, failed, start.encode() + output + end.encode())
