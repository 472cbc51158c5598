"""Manual interventions: every verb is a signal and an update of the same name.

A signal can be sent from the Temporal Web UI or `temporal workflow signal` with nothing of ours
installed; one that makes no sense now is recorded and otherwise ignored. An update answers, and
refuses what is illegal before it changes anything.
"""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from codedeploy.deployment import Intervention, InterventionRequest
from codedeploy.steering import Stance, Verb, acknowledgement, refusal

Act = Callable[[Verb, InterventionRequest], None]
Record = Callable[[Intervention], None]


class Steering:
    """Registers the verbs on the running workflow, and judges each intervention.

    Args:
        stance: Says where the deployment stands now.
        act: Carries out an intervention that makes sense.
        record: Keeps what was asked and what came of it.
    """

    def __init__(self, *, stance: Callable[[], Stance], act: Act, record: Record) -> None:
        self._stance = stance
        self._act = act
        self._record = record
        for verb in Verb:
            self._register(verb)

    def _register(self, verb: Verb) -> None:
        def signalled(request: Any = None) -> None:
            self._signalled(verb, request)

        def updated(request: InterventionRequest) -> str:
            return self._carry_out(verb, request)

        def validate(request: InterventionRequest) -> None:
            self._validate(verb, request)

        workflow.set_signal_handler(verb.value, signalled)
        workflow.set_update_handler(verb.value, updated, validator=validate)

    def _signalled(self, verb: Verb, raw: Any) -> None:
        try:
            request = InterventionRequest.model_validate({} if raw is None else raw)
        except ValidationError:
            self._note(verb, "", f"ignored: expected one JSON object, got {str(raw)[:100]!r}")
            return
        problem = refusal(verb, self._stance())
        if problem is not None:
            self._note(verb, request.reason, f"ignored: {problem.message}")
            return
        self._carry_out(verb, request)

    def _validate(self, verb: Verb, _request: InterventionRequest) -> None:
        problem = refusal(verb, self._stance())
        if problem is not None:
            raise ApplicationError(problem.message, type=problem.code, non_retryable=True)

    def _carry_out(self, verb: Verb, request: InterventionRequest) -> str:
        answer = acknowledgement(verb, self._stance())
        self._note(verb, request.reason, answer, by=request.by)
        self._act(verb, request)
        return answer

    def _note(self, verb: Verb, reason: str, outcome: str, *, by: str = "") -> None:
        said = f"{reason} (by {by})" if by and reason else reason or (f"by {by}" if by else "")
        self._record(
            Intervention(time=workflow.now(), verb=verb.value, reason=said, outcome=outcome)
        )
