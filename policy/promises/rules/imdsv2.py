"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..network import NODE_GROUP
from ..values import UNKNOWN, absent, at, differs, number

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def _check(stack: Stack) -> Iterator[Finding]:
    for template in stack.of(_TEMPLATE):
        options = at(template.props, "metadataOptions")
        if at(options, "httpEndpoint") == "disabled":
            continue
        if differs(at(options, "httpTokens"), "required"):
            yield Finding(f"{template.name} answers metadata requests without a token (IMDSv1)", template.urn)
        hops = at(options, "httpPutResponseHopLimit")
        if hops is not UNKNOWN and (number(hops) or 2) > 1:
            yield Finding(
                f"{template.name} lets pods take the node's credentials: {hops or 2} hops", template.urn
            )
    for group in stack.of(NODE_GROUP):
        if absent(at(group.props, "launchTemplate")):
            yield Finding(
                f"{group.name} has no launch template, and with it AWS's metadata defaults", group.urn
            )


RULE = StackRule(
    id="imdsv2",
    severity=Severity.HIGH,
    title="Nodes give their credentials to nobody but themselves (IMDSv2, one hop)",
    reason="A request forged through a model server would otherwise read the node's role.",
    remedy="metadataOptions with httpTokens required and httpPutResponseHopLimit 1, on every node group's "
    "template.",
    check=_check,
)
