import pytest
from pydantic import ValidationError

from codedeploy.load_balancing import HAProxyInfo


@pytest.mark.parametrize(
    ("socket", "address"),
    [
        ("/run/haproxy/admin.sock", "/run/haproxy/admin.sock"),
        ("127.0.0.1:9999", ("127.0.0.1", 9999)),
        ("localhost:9999", ("127.0.0.1", 9999)),
        ("[::1]:9999", ("::1", 9999)),
    ],
)
def test_a_runtime_api_is_reached_on_its_own_machine(
    socket: str, address: str | tuple[str, int]
) -> None:
    assert HAProxyInfo(backend="web", socket=socket).address == address


@pytest.mark.parametrize(
    "socket",
    ["10.0.0.1:9999", "haproxy:9999", "0.0.0.0:9999", "admin.sock", "127.0.0.1:0", "127.0.0.1:x"],
)
def test_a_runtime_api_elsewhere_is_refused(socket: str) -> None:
    with pytest.raises(ValidationError, match=r"neither an absolute path, .* nor a port of this"):
        HAProxyInfo(backend="web", socket=socket)


@pytest.mark.parametrize("socket", ["/" + "a" * 107, "/run/a\0b"], ids=["long", "zero"])
def test_a_path_that_no_socket_can_have_is_refused(socket: str) -> None:
    with pytest.raises(ValidationError, match="cannot be the path of a socket"):
        HAProxyInfo(backend="web", socket=socket)


@pytest.mark.parametrize("backend", ["", "web; help", "web\n", "web/i-1", "wéb"])
def test_a_backend_has_a_name_that_haproxy_allows(backend: str) -> None:
    with pytest.raises(ValidationError, match="should match pattern"):
        HAProxyInfo(backend=backend, socket="/run/haproxy/admin.sock")
