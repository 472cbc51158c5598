"""AppSpec files that are a whole revision."""

import hashlib
import json

from codedeploy.revision import AppSpecContent, LocalLocation, Revision, RevisionType

LAMBDA = """\
version: 0.0
Resources:
  - checkout:
      Type: AWS::Lambda::Function
      Properties:
        Name: checkout
        Alias: live
        CurrentVersion: 4
        TargetVersion: 5
Hooks:
  - BeforeAllowTraffic: check-checkout
"""

TASK_DEFINITION = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:42"

ECS = f"""\
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: {TASK_DEFINITION}
        LoadBalancerInfo: {{ContainerName: web, ContainerPort: 8080}}
"""

LAMBDA_JSON = json.dumps(
    {
        "version": 0.0,
        "Resources": [
            {
                "checkout": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "Name": "arn:aws:lambda:eu-west-1:111122223333:function:checkout",
                        "Alias": "live",
                        "CurrentVersion": "5",
                        "TargetVersion": "6",
                    },
                }
            }
        ],
    }
)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def inline(content: str | None = LAMBDA, **more: str) -> Revision:
    text = AppSpecContent(content=content, **more)
    return Revision(revision_type=RevisionType.APP_SPEC_CONTENT, app_spec_content=text)


def raw_string(content: str) -> Revision:
    text = AppSpecContent(content=content)
    return Revision(revision_type=RevisionType.STRING, string=text)


def beside_the_worker(location: str, **more: str) -> Revision:
    place = LocalLocation(location=location, **more)
    return Revision(revision_type=RevisionType.LOCAL, local_location=place)
