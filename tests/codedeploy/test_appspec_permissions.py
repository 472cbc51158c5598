import pytest

from codedeploy.appspec import Permission, PermissionType, SelinuxContext, parse_server
from codedeploy.appspec.security import ace_account, ace_problem, range_problem
from codedeploy.errors import ManifestInvalid


def permission(members: str) -> Permission:
    appspec = parse_server(f"version: 0.0\nos: linux\npermissions:\n  - {{{members}}}\n")
    (found,) = appspec.permissions
    return found


def problem_of(members: str) -> str:
    with pytest.raises(ManifestInvalid) as refused:
        permission(members)
    (problem,) = refused.value.problems
    return problem


def test_a_permission_covers_everything_below_its_object() -> None:
    assert permission("object: /srv") == Permission(
        object="/srv", pattern="**", types=(PermissionType.FILE, PermissionType.DIRECTORY)
    )


def test_reads_every_member() -> None:
    found = permission(
        "object: /srv, pattern: '*.sh', except: [a.sh], type: [file], owner: app, group: 33, "
        "mode: 4755, acls: ['u:bob:rw'], context: {user: u, type: t, range: s0}"
    )

    assert found == Permission(
        object="/srv",
        pattern="*.sh",
        excepts=("a.sh",),
        types=(PermissionType.FILE,),
        owner="app",
        group="33",
        mode="4755",
        acls=("u:bob:rw",),
        context=SelinuxContext(user="u", type="t", range="s0"),
    )


MODES = {"'0755'": "0755", "755": "755", "4755": "4755", "'7'": "007", "0": "000", "'0'": "000"}


@pytest.mark.parametrize(("written", "mode"), MODES.items())
def test_reads_a_mode(written: str, mode: str) -> None:
    assert permission(f"object: /srv, mode: {written}").mode == mode


@pytest.mark.parametrize(("written", "number"), [("0755", 493), ("0644", 420)])
def test_explains_the_octal_trap(written: str, number: int) -> None:
    assert problem_of(f"object: /srv, mode: {written}") == (
        f"line 4: permissions[0].mode: YAML reads {written} without quotes as an octal number, "
        f'which is {number}; write it in quotes: "{written}"'
    )


@pytest.mark.parametrize("mode", ["789", "'12345'", "u+x", "rwxr-xr-x", "-755", "0x1ff", "'0o7'"])
def test_refuses_another_mode(mode: str) -> None:
    assert "expected three or four octal digits" in problem_of(f"object: /srv, mode: {mode}")


BAD = {
    "no object": ("owner: root", "object: is required and missing"),
    "relative object": ("object: srv", "object: expected an absolute path, found 'srv'"),
    "type": ("object: /srv, type: [folder]", "type[0]: expected file or directory"),
    "type text": ("object: /srv, type: file", "type: expected a list of file, directory or both"),
    "except text": ("object: /srv, except: '*.sh'", "except: expected a list of patterns"),
    "owner option": ("object: /srv, owner: --help", "owner: expected the name of a user or group"),
    "owner pair": ("object: /srv, owner: 'root:root'", "expected the name of a user or group"),
    "acls text": ("object: /srv, acls: 'u:bob:rw'", "acls: expected a list of access control"),
    "acl": ("object: /srv, acls: ['u:bob:rw', 'u::rw']", "acls[1]: 'u::rw' names no user"),
    "default acl of files": (
        "object: /srv, type: [file], acls: ['d:u:bob:rw']",
        "acls[0]: 'd:u:bob:rw' is a default entry, which only directories have",
    ),
    "context text": ("object: /srv, context: t", "context: expected a map with user"),
    "no context type": ("object: /srv, context: {user: u}", "context.type: is required"),
    "context role": (
        "object: /srv, context: {type: t, user: a, name: b}",
        "context: user and name mean the same; keep one",
    ),
    "context range": (
        "object: /srv, context: {type: t, range: s1-s0}",
        "context.range: 's1-s0': the high level s0 is below the low level s1",
    ),
    "near miss": ("object: /srv, types: [file]", "types: unknown key; did you mean type?"),
}


@pytest.mark.parametrize(("members", "expected"), BAD.values(), ids=BAD)
def test_refuses_permissions(members: str, expected: str) -> None:
    assert expected in problem_of(members)


def test_the_agents_name_for_an_selinux_user_is_accepted() -> None:
    found = permission("object: /srv, context: {name: u, type: t}")

    assert found.context == SelinuxContext(user="u", type="t")


@pytest.mark.parametrize(
    "entry",
    [
        "u:bob:rw",
        "user:bob:7",
        "g:web:r-x",
        "group:web:---",
        "bob:rw",
        "m:rwx",
        "mask::r",
        "o:r",
        "other::0",
        "d:u:bob:rw",
        "default:user::rwx",
        "d:g::rx",
        "d:m:rwx",
        "d:o::r",
    ],
)
def test_accepts_an_access_control_entry(entry: str) -> None:
    assert ace_problem(entry) is None


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("u::rw", "names no user or group"),
        ("g:rw", "names no user or group"),
        ("m:bob:rw", "takes no name"),
        ("other:bob:rw", "takes no name"),
        ("d:o:bob:r", "takes no name"),
        ("u:bob:8", "one octal digit or letters"),
        ("u:bob:77", "one octal digit or letters"),
        ("u:bob:rwz", "one octal digit or letters"),
        ("u:bob:", "one octal digit or letters"),
        ("rw", "expected [default:]"),
        ("", "expected [default:]"),
        ("d", "expected [default:]"),
        ("u:a:b:rw", "expected [default:]"),
        ("x:bob:rw", "expected [default:]"),
        (":rw", "expected [default:]"),
    ],
)
def test_refuses_an_access_control_entry(entry: str, reason: str) -> None:
    assert reason in (ace_problem(entry) or "")


@pytest.mark.parametrize(
    "text", ["s0", "s0-s0", "s0-s15:c0.c1023", "s0:c1", "s0:c0,c2.c5,c7", "s3:c1023"]
)
def test_accepts_an_selinux_range(text: str) -> None:
    assert range_problem(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected s#"),
        ("0", "expected s#"),
        ("s0:", "expected s#"),
        ("s0:x1", "expected s#"),
        ("s0:c1,", "expected s#"),
        ("s0-s1-s2", "expected s#"),
        ("s0:c1:c2", "expected s#"),
        ("s0:c" + "9" * 5000, "expected s#"),
        ("s2-s1", "the high level s1 is below the low level s2"),
        ("s0:c1024", "categories end at c1023"),
        ("s0:c5.c2", "runs backwards"),
        ("s0:c1,c1", "repeats a category"),
        ("s0:c1.c5,c3", "repeats a category"),
    ],
)
def test_refuses_an_selinux_range(text: str, reason: str) -> None:
    assert reason in (range_problem(text) or "")


@pytest.mark.parametrize(
    ("entry", "account"),
    [
        ("u:bob:rw", ("user", "bob")),
        ("user:1000:7", ("user", "1000")),
        ("bob:rw", ("user", "bob")),
        ("g:staff:r", ("group", "staff")),
        ("default:group:staff:r", ("group", "staff")),
        ("d:u::rwx", None),
        ("d:u:rwx", None),
        ("mask:rx", None),
        ("o::r", None),
    ],
)
def test_an_entry_names_a_user_or_group_or_nobody(
    entry: str, account: tuple[str, str] | None
) -> None:
    assert ace_account(entry) == account
