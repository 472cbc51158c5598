"""The names by which deployments and instances are found in lists and in the Web UI."""

from temporalio.common import SearchAttributeKey

APPLICATION = SearchAttributeKey.for_keyword("RollwayApplication")
DEPLOYMENT_GROUP = SearchAttributeKey.for_keyword("RollwayDeploymentGroup")
DEPLOYMENT_STATUS = SearchAttributeKey.for_keyword("RollwayDeploymentStatus")
REVISION = SearchAttributeKey.for_keyword("RollwayRevision")
CREATOR = SearchAttributeKey.for_keyword("RollwayCreator")
TAGS = SearchAttributeKey.for_keyword_list("RollwayTags")

ALL = (APPLICATION, DEPLOYMENT_GROUP, DEPLOYMENT_STATUS, REVISION, CREATOR, TAGS)
