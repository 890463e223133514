from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, Environment, RemovalPolicy, Size, Stack, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk.assertions import Annotations, Match, Template
from hypothesis import given
from hypothesis import strategies as st

from cdk_penstock.application import ApplicationCode, FlinkApplication
from cdk_penstock.checks import add_checks
from cdk_penstock.model.search_content import ContentError, access_role, decode
from cdk_penstock.sinks.search import SearchCapacity, SearchDomain, SearchDomainError
from tests.sinks.conftest import as_list

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.sinks.conftest import Synthesized

    Synthesize = Callable[[Callable[[Stack], object]], Synthesized]

DOMAIN = "AWS::OpenSearchService::Domain"
CONTENT = "Custom::PenstockSearchContent"
TEMPLATE = {"index_patterns": ["vehicles-*"], "template": {"settings": {"number_of_replicas": 2}}}
ENDPOINT = f"vpc-vehicles-now-{'a1' * 13}.eu-central-1.es.amazonaws.com"
ENVIRONMENT = Environment(account="111122223333", region="eu-central-1")


def new_vpc(stack: Stack, zones: int = 3) -> ec2.IVpc:
    names = ["a", "b", "c"][:zones]
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=names,
        private_subnet_ids=[f"subnet-{name}" for name in names],
        private_subnet_route_table_ids=[f"rtb-{name}" for name in names],
        public_subnet_ids=[f"public-{name}" for name in names],
        public_subnet_route_table_ids=[f"rtb-{name}" for name in names],
    )


def new_role(stack: Stack, name: str) -> iam.Role:
    return iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal())


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Stack", env=ENVIRONMENT)


@pytest.fixture(scope="module")
def defaults(synthesize: Synthesize) -> Synthesized:
    return synthesize(lambda stack: SearchDomain(stack, "Search", vpc=new_vpc(stack), domain_name="vehicles"))


@pytest.fixture(scope="module")
def dashboards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dashboards") / "vehicles.ndjson"
    lines = [{"type": "dashboard", "id": "now", "attributes": {}}, {"exportedCount": 1}]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def everything(stack: Stack, dashboards: Path) -> SearchDomain:
    vpc = new_vpc(stack)
    domain = SearchDomain(
        stack,
        "Search",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        security_groups=[ec2.SecurityGroup(stack, "Given", vpc=vpc)],
        domain_name="vehicles",
        version=opensearch.EngineVersion.OPENSEARCH_2_17,
        capacity=SearchCapacity.multi_az(data_nodes=4, volume_size=Size.gibibytes(20)),
        encryption_key=kms.Key(stack, "GivenKey", enable_key_rotation=True),
        log_retention=logs.RetentionDays.ONE_YEAR,
        index_templates={"vehicles": {"index_patterns": ["vehicles-*"]}},
        saved_objects=dashboards,
        removal_policy=RemovalPolicy.DESTROY,
    )
    domain.grant_index_write(new_role(stack, "Job"), "vehicles-*")
    domain.grant_administration(new_role(stack, "People"))
    return domain


@pytest.fixture(scope="module")
def everything_on(synthesize: Synthesize, dashboards: Path) -> Synthesized:
    return synthesize(lambda stack: everything(stack, dashboards))


def way_to_sts(vpc: ec2.IVpc) -> ec2.InterfaceVpcEndpoint:
    return vpc.add_interface_endpoint("Sts", service=ec2.InterfaceVpcEndpointAwsService.STS, open=False)


def content(synthesized: Synthesized, part: str) -> dict[str, Any]:
    return dict(synthesized.only(CONTENT, part)["Properties"])


def test_the_domain_survives_a_zone_and_is_encrypted_everywhere(defaults: Synthesized) -> None:
    domain = defaults.only(DOMAIN)["Properties"]
    cluster = domain["ClusterConfig"]
    assert (cluster["InstanceCount"], cluster["DedicatedMasterCount"]) == (3, 3)
    assert cluster["MultiAZWithStandbyEnabled"] is True
    assert cluster["ZoneAwarenessConfig"] == {"AvailabilityZoneCount": 3}
    assert domain["VPCOptions"]["SubnetIds"] == ["subnet-a", "subnet-b", "subnet-c"]
    assert domain["EncryptionAtRestOptions"]["Enabled"] is True
    assert domain["NodeToNodeEncryptionOptions"] == {"Enabled": True}
    assert domain["DomainEndpointOptions"] == {
        "EnforceHTTPS": True,
        "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
    }
    assert domain["EBSOptions"] == {"EBSEnabled": True, "VolumeSize": 100, "VolumeType": "gp3"}
    assert domain["EngineVersion"] == "OpenSearch_2.19"
    assert defaults.warnings() == []


def test_there_is_no_master_password(defaults: Synthesized) -> None:
    security = defaults.only(DOMAIN)["Properties"]["AdvancedSecurityOptions"]
    (role_id,) = [name for name in defaults.resources("AWS::IAM::Role") if "MasterRole" in name]
    assert security == {
        "Enabled": True,
        "InternalUserDatabaseEnabled": False,
        "MasterUserOptions": {"MasterUserARN": {"Fn::GetAtt": [role_id, "Arn"]}},
    }
    assert "AWS::SecretsManager::Secret" not in defaults.types()


def test_only_the_handler_assumes_the_master_role_and_it_reaches_no_documents(defaults: Synthesized) -> None:
    role = defaults.only("AWS::IAM::Role", "MasterRole")["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    (handler_id,) = [name for name in defaults.resources("AWS::IAM::Role") if "ProviderRole" in name]
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": [handler_id, "Arn"]}}
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    paths = [each["Fn::Join"][1][-1].split(":domain/vehicles/")[1] for each in statement["Resource"]]
    assert all(path.startswith("_") for path in paths)
    assert not any("_bulk" in path or "_search" in path or path == "*" for path in paths)


def test_the_access_policy_names_the_master_role_only(defaults: Synthesized) -> None:
    (statement,) = defaults.only(DOMAIN)["Properties"]["AccessPolicies"]["Statement"]
    assert "MasterRole" in json.dumps(statement["Principal"])
    assert "*" not in json.dumps(statement["Principal"])


def test_the_access_policy_allows_no_more_than_the_master_roles_own(defaults: Synthesized) -> None:
    (access,) = defaults.only(DOMAIN)["Properties"]["AccessPolicies"]["Statement"]
    (own,) = defaults.statements("MasterRole")
    assert (access["Action"], access["Resource"]) == (own["Action"], own["Resource"])
    assert "es:ESHttp*" not in as_list(access["Action"])
    paths = [each["Fn::Join"][1][-1].split(":domain/vehicles/")[1] for each in access["Resource"]]
    assert not {"*", "_search", "_bulk"} & set(paths)
    assert all(path.startswith("_") for path in paths)


def test_all_logs_go_to_encrypted_groups_that_the_domain_may_write_to(defaults: Synthesized) -> None:
    domain = defaults.only(DOMAIN)
    options = domain["Properties"]["LogPublishingOptions"]
    assert set(options) == {"SEARCH_SLOW_LOGS", "INDEX_SLOW_LOGS", "ES_APPLICATION_LOGS", "AUDIT_LOGS"}
    assert all(option["Enabled"] for option in options.values())
    groups = [g["Properties"] for name, g in defaults.resources("AWS::Logs::LogGroup").items() if "SearchLogs" in name]
    assert len(groups) == 4
    assert all("KmsKeyId" in group and group["RetentionInDays"] == 90 for group in groups)
    # One for all domains of a stack: an account has ten in a Region.
    (policy_id,) = defaults.resources("AWS::Logs::ResourcePolicy")
    assert policy_id in domain["DependsOn"]
    text = json.dumps(defaults.only("AWS::Logs::ResourcePolicy")["Properties"]["PolicyDocument"])
    assert "es.amazonaws.com" in text
    assert "aws:SourceAccount" in text
    assert ":domain/vehicles" in text
    key = defaults.only("AWS::KMS::Key")["Properties"]
    assert key["EnableKeyRotation"] is True
    (use,) = [s for s in key["KeyPolicy"]["Statement"] if "Service" in s["Principal"]]
    assert len(use["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]) == 4


def test_the_cdks_own_lambda_functions_are_not_there(defaults: Synthesized) -> None:
    custom = [each for each in defaults.types() if each.startswith("Custom::")]
    assert custom == []
    functions = defaults.resources("AWS::Lambda::Function")
    assert all("ContentProvider" in name for name in functions)


def test_nobody_reaches_the_domain_but_the_handler(defaults: Synthesized) -> None:
    (ingress,) = defaults.resources("AWS::EC2::SecurityGroupIngress").values()
    assert (ingress["Properties"]["FromPort"], ingress["Properties"]["ToPort"]) == (443, 443)
    assert "ContentProvider" in json.dumps(ingress["Properties"]["SourceSecurityGroupId"])
    handlers = [
        f["Properties"] for f in defaults.resources("AWS::Lambda::Function").values() if "VpcConfig" in f["Properties"]
    ]
    assert len(handlers) == 2
    assert all(each["VpcConfig"]["SubnetIds"] == ["subnet-a", "subnet-b", "subnet-c"] for each in handlers)


def test_what_holds_data_outlives_the_stack_by_default(defaults: Synthesized) -> None:
    kept = {
        name
        for name, body in defaults.template.to_json()["Resources"].items()
        if (body.get("DeletionPolicy"), body.get("UpdateReplacePolicy")) == ("RetainExceptOnCreate", "Retain")
    }
    assert {name for name in kept if "Provider" not in name} == {
        *defaults.resources(DOMAIN),
        *defaults.resources("AWS::KMS::Key"),
        *defaults.resources("AWS::Logs::ResourcePolicy"),
        *(name for name in defaults.resources("AWS::Logs::LogGroup") if "SearchLogs" in name),
        *(name for name in defaults.resources("AWS::EC2::SecurityGroup") if "Provider" not in name),
    }
    assert any("MasterRole" in name for name in kept)


def test_every_property_reaches_the_template(everything_on: Synthesized) -> None:
    domain = everything_on.only(DOMAIN)
    cluster = domain["Properties"]["ClusterConfig"]
    assert domain["DeletionPolicy"] == "Delete"
    assert (cluster["InstanceCount"], cluster["MultiAZWithStandbyEnabled"]) == (4, False)
    assert domain["Properties"]["EBSOptions"]["VolumeSize"] == 20
    assert domain["Properties"]["EngineVersion"] == "OpenSearch_2.17"
    assert domain["Properties"]["VPCOptions"]["SubnetIds"] == ["subnet-a", "subnet-b"]
    assert "Given" in json.dumps(domain["Properties"]["VPCOptions"]["SecurityGroupIds"])
    groups = everything_on.resources("AWS::Logs::LogGroup")
    assert {g["Properties"]["RetentionInDays"] for name, g in groups.items() if "SearchLogs" in name} == {365}
    (key_id,) = everything_on.resources("AWS::KMS::Key")
    assert key_id.startswith("GivenKey")


def test_templates_and_dashboards_are_put_into_the_domain(everything_on: Synthesized) -> None:
    properties = content(everything_on, "SearchContent")
    put = decode(properties["Content"], mappings={})
    assert put.index_templates == {"vehicles": {"index_patterns": ["vehicles-*"]}}
    assert [each["id"] for each in put.saved_objects] == ["now"]
    (domain_id,) = everything_on.resources(DOMAIN)
    assert properties["Endpoint"] == {"Fn::GetAtt": [domain_id, "DomainEndpoint"]}


def test_the_network_rules_are_deleted_after_the_content(everything_on: Synthesized) -> None:
    (ingress,) = everything_on.resources("AWS::EC2::SecurityGroupIngress")
    for resource in everything_on.resources(CONTENT).values():
        assert ingress in resource["DependsOn"]


def test_a_writer_gets_a_role_in_the_domain_and_no_more_than_bulk_at_its_edge(everything_on: Synthesized) -> None:
    properties = content(everything_on, "write")
    put = decode(properties["Content"], mappings={})
    ((name, role),) = put.roles.items()
    assert role == access_role("vehicles-*")
    (mapping,) = properties["Mappings"]
    assert mapping["Fn::Join"][1][0] == f"{name}="
    assert "Job" in json.dumps(mapping)
    assert everything_on.allowed("Job") == {"es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost"}
    (post,) = [s for s in everything_on.statements("Job") if "es:ESHttpPost" in as_list(s["Action"])]
    assert [each["Fn::Join"][1][-1].rsplit(":", 1)[1] for each in post["Resource"]] == [
        "domain/vehicles/_bulk",
        "domain/vehicles/vehicles-*/_bulk",
    ]


def test_people_are_mapped_to_the_administrators_roles(everything_on: Synthesized) -> None:
    properties = content(everything_on, "administrator")
    assert [each["Fn::Join"][1][0] for each in properties["Mappings"]] == ["all_access=", "security_manager="]
    assert decode(properties["Content"], mappings={}).roles == {}


def test_each_content_has_a_different_id(everything_on: Synthesized) -> None:
    ids = [each["Properties"]["ContentId"] for each in everything_on.resources(CONTENT).values()]
    assert len(set(ids)) == len(ids) == 3


def test_the_same_grant_again_adds_nothing(stack: Stack) -> None:
    domain = SearchDomain(stack, "Search", vpc=new_vpc(stack), domain_name="vehicles")
    role = new_role(stack, "Job")
    domain.grant_index_write(role, "vehicles-*")
    domain.grant_index_write(role, "vehicles-*")
    domain.grant_index_write(role, "trips-*")
    assert len(Template.from_stack(stack).find_resources(CONTENT)) == 2


def test_an_application_of_a_later_stack_is_granted_without_a_circle(job_zip: Path) -> None:
    app = App()
    first, later = Stack(app, "First", env=ENVIRONMENT), Stack(app, "Later", env=ENVIRONMENT)
    vpc = new_vpc(first)
    domain = SearchDomain(first, "Search", vpc=vpc, domain_name="vehicles")
    application = FlinkApplication(
        later,
        "App",
        code=ApplicationCode.from_asset(job_zip),
        application_name="vehicles",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    )
    domain.grant_index_write(application, "vehicles-*")
    domain.allow_clients(application)
    application.add_property_group("search", domain.connection_properties("vehicles-now"))
    add_checks(app)
    app.synth()
    template = Template.from_stack(later)
    assert len(template.find_resources(CONTENT)) == 1
    (ingress,) = template.find_resources("AWS::EC2::SecurityGroupIngress").values()
    assert ingress["Properties"]["FromPort"] == 443
    assert not Template.from_stack(first).find_resources(CONTENT)


def test_content_added_before_and_after_waits_for_the_way_to_sts(stack: Stack) -> None:
    vpc = new_vpc(stack)
    domain = SearchDomain(stack, "Search", vpc=vpc, domain_name="vehicles", index_templates={"vehicles": TEMPLATE})
    domain.reach_sts_through(way_to_sts(vpc))
    domain.grant_administration(new_role(stack, "People"))
    template = Template.from_stack(stack)
    (endpoint,) = template.find_resources("AWS::EC2::VPCEndpoint")
    contents = template.find_resources(CONTENT).values()
    assert [endpoint in each["DependsOn"] for each in contents] == [True, True]


def test_a_way_to_sts_in_a_later_stack_closes_no_circle() -> None:
    app = App()
    first, later = Stack(app, "First", env=ENVIRONMENT), Stack(app, "Later", env=ENVIRONMENT)
    domain = SearchDomain(
        first, "Search", vpc=new_vpc(first), domain_name="vehicles", index_templates={"vehicles": TEMPLATE}
    )
    endpoint = way_to_sts(new_vpc(later))
    domain.reach_sts_through(endpoint)
    domain.grant_index_write(new_role(later, "Job"), "vehicles-*")
    app.synth()
    template = Template.from_stack(later)
    (endpoint_id,) = template.find_resources("AWS::EC2::VPCEndpoint")
    (content,) = template.find_resources(CONTENT).values()
    assert endpoint_id in content["DependsOn"]


def test_more_content_is_added_and_checked_later(stack: Stack, dashboards: Path) -> None:
    domain = SearchDomain(stack, "Search", vpc=new_vpc(stack), domain_name="vehicles")
    domain.add_content("More", index_templates={"vehicles": TEMPLATE}, saved_objects=dashboards)
    assert "MasterRole" in json.dumps(stack.resolve(domain.master_role.role_arn))
    (resource,) = Template.from_stack(stack).find_resources(CONTENT).values()
    assert decode(resource["Properties"]["Content"], mappings={}).index_templates == {"vehicles": TEMPLATE}


def test_domains_with_names_known_only_at_deployment_have_different_grants(stack: Stack) -> None:
    vpc, role = new_vpc(stack), new_role(stack, "Job")
    for each in ("First", "Second"):
        name = CfnParameter(stack, f"{each}Name").value_as_string
        domain = SearchDomain(stack, each, vpc=vpc, domain_name=name)
        domain.grant_index_write(role, "vehicles-*")
        domain.grant_administration(role)
    assert len(Template.from_stack(stack).find_resources(CONTENT)) == 4


def test_fails_on_large_content_that_holds_a_token(stack: Stack) -> None:
    pattern = CfnParameter(stack, "Pattern").value_as_string
    template = TEMPLATE | {"index_patterns": [pattern]}
    domain = SearchDomain(
        stack, "Search", vpc=new_vpc(stack), domain_name="vehicles", index_templates={"small": template}
    )
    with pytest.raises(ContentError, match="hold a token"):
        domain.add_content("Large", index_templates={"large": template | {"_meta": {"noise": "x" * 5000}}})


def test_a_grantee_that_is_not_a_role_is_refused(stack: Stack) -> None:
    domain = SearchDomain(stack, "Search", vpc=new_vpc(stack), domain_name="vehicles")
    with pytest.raises(SearchDomainError, match="pass a role"):
        domain.grant_index_write(iam.AccountRootPrincipal(), "vehicles-*")


def test_nag_and_our_own_checks_find_nothing(dashboards: Path) -> None:
    app = App()
    everything(Stack(app, "Everything"), dashboards)
    defaults = Stack(app, "Defaults", env=ENVIRONMENT)
    SearchDomain(defaults, "Search", vpc=new_vpc(defaults), index_templates={"vehicles": TEMPLATE})
    small = Stack(app, "Small", env=ENVIRONMENT)
    SearchDomain(small, "Search", vpc=new_vpc(small, 1), domain_name="small", capacity=SearchCapacity.single_node())
    add_checks(app)
    app.synth()


def test_a_generated_name_gives_a_warning(stack: Stack) -> None:
    SearchDomain(stack, "Search", vpc=new_vpc(stack))
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert "empty domain" in str(warning.entry.data)


def test_an_imported_domain_grants_its_part_and_says_what_is_missing(stack: Stack) -> None:
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    domain: Any = SearchDomain.from_domain_endpoint(stack, "Search", f"https://{ENDPOINT}", security_groups=[group])
    assert (domain.domain_name, domain.domain_endpoint) == ("vehicles-now", ENDPOINT)
    domain.connections.allow_default_port_from(ec2.Peer.ipv4("10.0.0.0/8"))
    domain.reach_sts_through(group)
    domain.grant_index_write(new_role(stack, "Job"), "vehicles-*")
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert "have its owner map" in str(warning.entry.data)
    assert domain.connection_properties("now") == {"hosts": f"https://{ENDPOINT}:443", "index": "now"}
    template = Template.from_stack(stack)
    assert not template.find_resources(DOMAIN)
    (ingress,) = template.find_resources("AWS::EC2::SecurityGroupIngress").values()
    assert ingress["Properties"]["FromPort"] == 443


@pytest.mark.parametrize(
    "endpoint", ["search.example.com", Token.as_string({"Ref": "Endpoint"})], ids=["a name", "a token"]
)
def test_a_custom_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(SearchDomainError, match="from_domain_attributes"):
        SearchDomain.from_domain_endpoint(Stack(), "Search", endpoint)


@pytest.mark.parametrize(
    ("method", "name", "statistic"),
    [
        ("metric_cluster_status_red", "ClusterStatus.red", "Maximum"),
        ("metric_index_writes_blocked", "ClusterIndexWritesBlocked", "Maximum"),
        ("metric_free_storage_space", "FreeStorageSpace", "Minimum"),
        ("metric_cpu_utilization", "CPUUtilization", "Maximum"),
        ("metric_jvm_memory_pressure", "JVMMemoryPressure", "Maximum"),
        ("metric_indexing_latency", "IndexingLatency", "Average"),
        ("metric_searchable_documents", "SearchableDocuments", "Maximum"),
    ],
)
def test_named_metrics_have_the_services_spelling(stack: Stack, method: str, name: str, statistic: str) -> None:
    domain: Any = SearchDomain.from_domain_endpoint(stack, "Search", ENDPOINT)
    metric = getattr(domain, method)()
    assert (metric.namespace, metric.metric_name, metric.statistic) == ("AWS/ES", name, statistic)
    assert metric.dimensions == {"DomainName": "vehicles-now", "ClientId": "111122223333"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"domain_name": "Vehicles"}, "begins with a letter"),
        ({"domain_name": "v" * 29}, "3 to 28"),
        ({"vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)}, "must be private"),
    ],
)
def test_fails_on_what_opensearch_would_refuse(stack: Stack, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(SearchDomainError, match=message):
        SearchDomain(stack, "Search", **({"vpc": new_vpc(stack), "domain_name": "vehicles"} | changed))


def test_fails_on_a_vpc_with_too_few_zones(stack: Stack) -> None:
    with pytest.raises(SearchDomainError, match="needs subnets in 3 availability zones, got 2"):
        SearchDomain(stack, "Search", vpc=new_vpc(stack, 2), domain_name="vehicles")


def test_fails_on_an_index_template_without_a_copy_in_each_zone(stack: Stack) -> None:
    templates = {"vehicles": {"index_patterns": ["vehicles-*"]}}
    with pytest.raises(ContentError, match="set number_of_replicas to 2"):
        SearchDomain(stack, "Search", vpc=new_vpc(stack), domain_name="vehicles", index_templates=templates)


@given(nodes=st.integers(-1, 12))
def test_a_standby_zone_needs_as_many_nodes_in_each_zone(nodes: int) -> None:
    try:
        capacity = SearchCapacity.multi_az_with_standby(data_nodes=nodes)
    except SearchDomainError:
        assert nodes < 1 or nodes % 3
    else:
        assert nodes % 3 == 0
        assert capacity.shard_copy_multiple == 3


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SearchCapacity.multi_az(data_node_instance_type="r7g.large"), "such as 'r7g.large.search'"),
        (lambda: SearchCapacity.multi_az_with_standby(data_node_instance_type="t3.small.search"), "standby zone"),
        (lambda: SearchCapacity.multi_az(data_nodes=4, availability_zones=4), "1 to 3 zones"),
        (lambda: SearchCapacity.multi_az(data_nodes=3), "multiple of the 2 zones"),
        (
            lambda: SearchCapacity(
                data_nodes=2,
                data_node_instance_type="r7g.large.search",
                master_nodes=1,
                master_node_instance_type="m7g.large.search",
                volume_size=Size.gibibytes(10),
                availability_zones=2,
                standby=False,
            ),
            "0, 3 or 5 master nodes",
        ),
    ],
)
def test_fails_on_a_capacity_that_opensearch_would_refuse(build: Callable[[], object], message: str) -> None:
    with pytest.raises(SearchDomainError, match=message):
        build()
