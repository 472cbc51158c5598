"""The courses of deployments: servers, Lambda, ECS."""

from typing import Any

from codedeploy.application import ComputePlatform
from workflows.courses.blue_green import BlueGreenCourse
from workflows.courses.course import Course
from workflows.courses.ecs import EcsCourse
from workflows.courses.lambda_ import LambdaCourse
from workflows.courses.launch import LaunchCourse
from workflows.courses.passage import Tools
from workflows.courses.servers import ServerCourse
from workflows.orders import DeploymentOrder

__all__ = ["Course", "Tools", "course_of"]


def course_of(order: DeploymentOrder, tools: Tools) -> Course[Any]:
    """Return the course of `order` on the platform of its group."""
    match order.group.compute_platform:
        case ComputePlatform.SERVER if order.lifecycle_action is not None:
            return LaunchCourse(order, order.lifecycle_action, tools)
        case ComputePlatform.SERVER if order.group.is_blue_green:
            return BlueGreenCourse(order, tools)
        case ComputePlatform.SERVER:
            return ServerCourse(order, tools)
        case ComputePlatform.LAMBDA:
            return LambdaCourse(order, tools)
        case ComputePlatform.ECS:
            return EcsCourse(order, tools)
