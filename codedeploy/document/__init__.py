"""Documents that people write: read with lines and key paths, judged as a whole."""

from codedeploy.document.findings import Findings, alternatives, did_you_mean, resembling
from codedeploy.document.node import Node, Path, Scalar
from codedeploy.document.reading import read_all, read_one

__all__ = [
    "Findings",
    "Node",
    "Path",
    "Scalar",
    "alternatives",
    "did_you_mean",
    "read_all",
    "read_one",
    "resembling",
]
