"""`agent.oidc` of config.yaml: login by an identity provider, beside the local users."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from healthmon.config.fields import Flag, Hosts, Id, Ids, Name, Seconds, Strict, Url

LONGEST_SECONDS = 13 * 3600.0


class OidcRoles(Strict):
    """The groups of the identity provider whose members have a role. Of several the highest counts."""

    viewer: Ids = ()
    operator: Ids = ()
    manager: Ids = ()
    admin: Ids = ()


class Oidc(Strict):
    """Login by an identity provider (OpenID Connect Core 1.0): Entra ID, AD FS, Keycloak.

    Its users are called `name`:USER, USER being the claim `user`. `groups` is the claim with the
    groups, or a path to it (``realm_access.roles``). Only `issuer` and `hosts` are contacted.
    `session` is how long a login lasts. With `single_sign_on` the provider may let in whoever has
    logged in there before; without it, it asks each time, because desks are shared. docs/login.md
    has the steps.
    """

    name: Id = "staff"
    issuer: Url
    client: Name
    credential: str | None = None
    client_auth: Literal["basic", "post"] = "basic"
    redirect: Url
    hosts: Hosts = ()
    scopes: Ids = ("profile",)
    user: Name = "preferred_username"
    groups: Name = "groups"
    roles: OidcRoles
    ca_file: str | None = None
    single_sign_on: Flag = False
    timeout: Seconds = Field(default=10.0, ge=0.2, le=60)
    session: Seconds = Field(default=LONGEST_SECONDS, ge=300, le=LONGEST_SECONDS)
