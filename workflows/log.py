"""Reading the log of one host: a question to its agent, which has no inbound port."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from codedeploy.commands import READ_LOG, LogPiece, LogRequest, host_queue
from codedeploy.wire import Model


class LogQuestion(Model):
    """Which host to ask for which piece of its log."""

    target: str
    request: LogRequest


@workflow.defn
class LogWorkflow:
    """Asks one host for one piece of a log."""

    @workflow.run
    async def run(self, question: LogQuestion) -> LogPiece:
        """Return the piece; fails if the agent does not ask for work within seconds."""
        piece: LogPiece = await workflow.execute_activity(
            READ_LOG,
            question.request,
            result_type=LogPiece,
            task_queue=host_queue(question.target),
            schedule_to_start_timeout=timedelta(seconds=15),
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=2),
            summary=f"Read the log on {question.target}",
        )
        return piece
