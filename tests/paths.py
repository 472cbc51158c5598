"""The paths that hosts take through their lifecycle events, as tests expect them."""

INSTALL = [
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
]
ALLOW = ["BeforeAllowTraffic", "AfterAllowTraffic"]
BLOCK = ["BeforeBlockTraffic", "AfterBlockTraffic"]
