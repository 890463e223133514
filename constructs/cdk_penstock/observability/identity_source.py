"""Sign-in to a Grafana workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk.aws_grafana import CfnWorkspace

from cdk_penstock.observability.errors import DashboardWorkspaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import Duration


@dataclass(frozen=True, kw_only=True)
class IdentitySource:
    """Source of a workspace's users; created by the static factories."""

    provider: str
    saml_configuration: CfnWorkspace.SamlConfigurationProperty | None = None

    @staticmethod
    def iam_identity_center() -> IdentitySource:
        """Use IAM Identity Center, which must be enabled for the account or its organization.

        Users can sign in after they are assigned a role with ``aws grafana update-permissions``; CloudFormation has no
        resource for that.
        """
        return IdentitySource(provider="AWS_SSO")

    @staticmethod
    def saml(
        *,
        metadata_url: str | None = None,
        metadata_xml: str | None = None,
        admin_roles: Sequence[str],
        role_attribute: str,
        editor_roles: Sequence[str] = (),
        allowed_organizations: Sequence[str] = (),
        organization_attribute: str | None = None,
        login_attribute: str | None = None,
        email_attribute: str | None = None,
        name_attribute: str | None = None,
        login_validity: Duration | None = None,
    ) -> IdentitySource:
        """Use a SAML 2.0 identity provider; users who are neither admin nor editor may view.

        Parameters
        ----------
        metadata_url, metadata_xml
            The provider's metadata, in exactly one of them.
        admin_roles, editor_roles
            Values of the role attribute for admins and for editors.
        role_attribute, organization_attribute, login_attribute, email_attribute, name_attribute
            Names of the assertion's attributes. Default: Managed Grafana's; the role attribute has none.
        allowed_organizations
            Values of the organization attribute that may sign in. Default: any.
        login_validity
            Time after which users sign in again. Default: Managed Grafana's.

        Raises DashboardWorkspaceError unless exactly one kind of metadata is given, without an admin role, and for
        allowed organizations without an organization attribute.
        """
        if (metadata_url is None) == (metadata_xml is None):
            raise DashboardWorkspaceError("expected exactly one of metadata_url and metadata_xml")
        if not admin_roles:
            raise DashboardWorkspaceError(
                "expected at least one admin role, got none: nobody could administer the workspace"
            )
        if allowed_organizations and organization_attribute is None:
            raise DashboardWorkspaceError(
                f"allowed_organizations {list(allowed_organizations)} need organization_attribute as well"
            )
        return IdentitySource(
            provider="SAML",
            saml_configuration=CfnWorkspace.SamlConfigurationProperty(
                idp_metadata=CfnWorkspace.IdpMetadataProperty(url=metadata_url, xml=metadata_xml),
                assertion_attributes=CfnWorkspace.AssertionAttributesProperty(
                    role=role_attribute,
                    org=organization_attribute,
                    login=login_attribute,
                    email=email_attribute,
                    name=name_attribute,
                ),
                role_values=CfnWorkspace.RoleValuesProperty(
                    admin=list(admin_roles), editor=list(editor_roles) if editor_roles else None
                ),
                allowed_organizations=list(allowed_organizations) if allowed_organizations else None,
                login_validity_duration=None if login_validity is None else login_validity.to_minutes(),
            ),
        )
