"""Who an identity provider says that somebody is: their name and role here, or why not, in words."""

from __future__ import annotations

from typing import Any

import pytest

from healthmon.access.oidc_claims import ClaimRules, LoginRefusedError, subject_of
from healthmon.access.roles import Role
from healthmon.access.users import parse

ROLES = {"see": Role.VIEWER, "work": Role.OPERATOR, "lead": Role.MANAGER, "all": Role.ADMIN}
KEYCLOAK = {"realm_access": {"roles": ["offline_access", "work"]}}
AD_FS = "http://schemas.example/claims/Group"


def rules(groups: str = "groups", user: str = "upn") -> ClaimRules:
    return ClaimRules("council", user, groups, ROLES)


@pytest.mark.parametrize(
    ("groups", "claims", "role"),
    [
        ("groups", {"groups": ["see"]}, Role.VIEWER),
        ("groups", {"groups": ["see", "all", "work"]}, Role.ADMIN),
        ("roles", {"roles": ["lead", "work"], "groups": ["all"]}, Role.MANAGER),
        ("groups", {"groups": "work"}, Role.OPERATOR),
        ("groups", {"groups": ["work", 7, None, ["all"]]}, Role.OPERATOR),
        ("realm_access.roles", KEYCLOAK, Role.OPERATOR),
        (AD_FS, {AD_FS: ["lead"]}, Role.MANAGER),
        ("groups", {"groups": ["see"], "_claim_names": {"other": "src1"}}, Role.VIEWER),
    ],
)
def test_the_highest_role_of_the_groups_counts(
    groups: str, claims: dict[str, Any], role: Role
) -> None:
    person = rules(groups).person({"upn": "anna@example.org", **claims})
    assert (person.name, person.role) == ("council:anna@example.org", role)


NONE = "none of your groups has a role in healthmon; an administrator can give you one"
MANY = "you are in more groups than Entra ID puts into a login; "


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"groups": []}, NONE),
        ({"groups": ["Work", "work ", ""]}, NONE),
        ({"groups": {"work": 1}}, NONE),
        ({}, "the identity provider tells no groups of you (claim 'groups')"),
        ({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "x"}}}, MANY),
        ({"hasgroups": True}, MANY),
    ],
)
def test_without_a_role_nobody_comes_in(claims: dict[str, Any], words: str) -> None:
    with pytest.raises(LoginRefusedError) as refused:
        rules().person({"upn": "anna", **claims})
    assert str(refused.value).startswith(words)
    assert refused.value.name == "council:anna"


@pytest.mark.parametrize("path", ["realm_access.roles", "a.b.c", "realm_access"])
@pytest.mark.parametrize("value", [None, 1, "x", [], {}, {"roles": {}}, [{"roles": ["all"]}]])
def test_a_path_that_leads_nowhere_gives_no_role(path: str, value: object) -> None:
    with pytest.raises(LoginRefusedError):
        rules(path).person({"upn": "anna", "realm_access": value})


@pytest.mark.parametrize(
    "name", [None, 1, "", "a b", "a:b", "a/b", "a\nb", "a\u202eb", "x" * 101, ["anna"]]
)
def test_a_name_that_could_mislead_is_refused(name: object) -> None:
    with pytest.raises(LoginRefusedError, match="no usable name of you"):
        rules().person({"upn": name, "groups": ["all"]})


@pytest.mark.parametrize("name", ["anna", "COUNCIL\\anna", "anna.b@example.org", "jürgen"])
def test_no_local_user_can_have_the_name(name: str) -> None:
    person = rules().person({"upn": name, "groups": ["see"]})
    with pytest.raises(ValueError, match="is not a line"):
        parse(f"{person.name}:{'ab' * 16}${'cd' * 64}")


@pytest.mark.parametrize("subject", [None, 7, "", "x" * 256])
def test_who_has_no_identifier_is_nobody(subject: object) -> None:
    with pytest.raises(LoginRefusedError, match="'sub'"):
        subject_of({"sub": subject})
