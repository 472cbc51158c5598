import pytest
from pydantic import ValidationError

from codedeploy.revision import HttpsLocation, problem_of_commit
from codedeploy.web_address import is_local, problem_of_address, without_secrets


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/v2.tgz",
        "https://example.com:8443/v2.tgz?version=3",
        "https://[2001:db8::1]/v2.tgz",
        "http://127.0.0.1:8080/v2.tgz",
        "http://[::1]/v2.tgz",
        "http://localhost/v2.tgz",
    ],
)
def test_a_bundle_may_come_from_here(address: str) -> None:
    assert problem_of_address(address) == ""


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("http://example.com/v2.tgz", "must be https"),
        ("http://127.0.0.1.example.com/v2.tgz", "must be https"),
        ("http://169.254.169.254/latest/", "must be https"),
        ("file://localhost/etc/passwd", "must be https"),
        ("ftp://example.com/v2.tgz", "must be https"),
        ("https:///v2.tgz", "no web address"),
        ("https://exa mple.com/", "no web address"),
        ("https://example.com/\nX: y", "no web address"),
        ("https://example.com:port/", "no web address"),
        ("https://[::1/v2.tgz", "no web address"),
        ("v2.tgz", "no web address"),
        ("", "no web address"),
        ("https://user@example.com/v2.tgz", "user or password"),
        ("https://user:hush@example.com/v2.tgz", "user or password"),
        ("https://example.com/v2.tgz?X-Amz-Signature=hush", "X-Amz-Signature looks like a secret"),
        ("https://example.com/v2.tgz?sv=1&sig=hush", "sig looks like a secret"),
        ("https://example.com/v2.tgz?private_token=hush", "private_token looks like a secret"),
        ("https://example.com/v2.tgz?api_key=hush", "api_key looks like a secret"),
    ],
)
def test_no_bundle_may_come_from_here(address: str, problem: str) -> None:
    found = problem_of_address(address)

    assert problem in found
    assert "hush" not in found


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.com/v2.tgz", "https://example.com/v2.tgz"),
        ("https://user:hush@example.com/v2.tgz?a=hush#hush", "https://example.com/v2.tgz"),
        ("https://user:hu@sh@example.com/", "https://example.com/"),
        ("https://[broken/v2.tgz?hush", "https://[broken/v2.tgz"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert without_secrets(address) == shown


@pytest.mark.parametrize("address", ["https://127.0.0.1/", "http://10.0.0.1/", "http:///x"])
def test_only_plain_http_to_this_machine_is_local(address: str) -> None:
    assert not is_local(address)


def test_a_location_that_may_not_be_fetched_from_is_refused_when_it_is_read() -> None:
    with pytest.raises(ValidationError, match="must be https"):
        HttpsLocation.model_validate({"url": "http://example.com/v2.tgz"})


@pytest.mark.parametrize("commit_id", ["0123abc", "0123456789ABCDEF" * 2 + "01234567"])
def test_a_commit_is_known_by_its_digits(commit_id: str) -> None:
    assert problem_of_commit(commit_id) == ""


@pytest.mark.parametrize("commit_id", ["main", "012345", "v1.2.3", "0123abc\n", "", "0" * 41])
def test_anything_else_is_no_commit(commit_id: str) -> None:
    assert "is no commit id" in problem_of_commit(commit_id)
