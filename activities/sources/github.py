"""Commits of GitHub repositories."""

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

from activities.sources.source import Patience, read_steadily
from activities.sources.web import WebSource
from codedeploy.errors import InvalidRevision

PUBLIC_API = "https://api.github.com"
_LONGEST_ANSWER = 1000
_DIGITS = "application/vnd.github.sha"
_ANYTHING = "application/vnd.github+json"
_REPOSITORY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*/(?!\.{1,2}$)[A-Za-z0-9_.-]+")
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class GitHub:
    """GitHub's programming interface, with or without a token.

    Attributes:
        api: Its address; that of GitHub Enterprise ends in `/api/v3`.
        reader: Whose environment holds the token, for messages.
    """

    api: str = PUBLIC_API
    token: str = field(default="", repr=False)
    reader: str = "worker"

    @classmethod
    def of(cls, environment: Mapping[str, str], *, reader: str = "worker") -> "GitHub":
        """Return what `ROLLWAY_GITHUB_API` and `ROLLWAY_GITHUB_TOKEN` name."""
        api = environment.get("ROLLWAY_GITHUB_API") or PUBLIC_API
        return cls(api.rstrip("/"), environment.get("ROLLWAY_GITHUB_TOKEN", "").strip(), reader)

    def whole_commit_id(self, repository: str, commit_id: str, *, patience: Patience) -> str:
        """Return all 40 digits of a commit.

        Raises:
            InvalidRevision: There is none, or GitHub takes the digits for a branch or tag.
        """
        source = self._source(
            repository, f"commits/{commit_id}", shown=f"{repository}@{commit_id}", accept=_DIGITS
        )
        found = _text(source, patience)
        if not _FULL_COMMIT.fullmatch(found) or not found.startswith(commit_id.lower()):
            raise InvalidRevision(
                f"{repository}@{commit_id} on GitHub is no commit, but the name of something that "
                f"can move: it means {found[:40]!r} now. Name that commit."
            )
        return found

    def tarball(self, repository: str, commit_id: str) -> WebSource:
        """Return the archive of a commit; GitHub may pack it anew at any time."""
        return self._source(
            repository,
            f"tarball/{commit_id}",
            shown=f"{repository}@{commit_id[:7]}",
            accept=_ANYTHING,
        )

    def _source(self, repository: str, resource: str, *, shown: str, accept: str) -> WebSource:
        if not _REPOSITORY.fullmatch(repository):
            raise InvalidRevision(f"{repository!r} is no GitHub repository: expected owner/name.")
        headers = {"Accept": accept}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return WebSource(
            f"{self.api}/repos/{repository}/{resource}",
            shown=f"{shown} on GitHub",
            headers=headers,
            next_steps=self._next_steps(),
        )

    def _next_steps(self) -> dict[int, str]:
        token = f"the token in the {self.reader}'s ROLLWAY_GITHUB_TOKEN"
        if not self.token:
            missing = "There is no such repository or commit, or it is private: put a token that "
            advice = f"{missing}may read it into the {self.reader}'s ROLLWAY_GITHUB_TOKEN."
            few = "Without a token GitHub answers few requests an hour"
            limit = f"{few}: give the {self.reader} one."
            return {401: advice, 403: limit, 404: advice, 422: advice}
        return {
            401: f"Check {token}: it is wrong, or has expired.",
            403: f"Check whether {token} may read the repository, and GitHub's limit of requests.",
            404: f"There is no such repository or commit, or {token} may not read it.",
            422: "There is no such commit.",
        }


def _text(source: WebSource, patience: Patience) -> str:
    answer = b""
    with closing(read_steadily(source, 0, None, patience=patience)) as chunks:
        for chunk in chunks:
            answer += chunk
            if len(answer) > _LONGEST_ANSWER:
                break
    return answer.decode("ascii", "replace").strip()
