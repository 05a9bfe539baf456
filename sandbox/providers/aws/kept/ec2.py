"""EC2 takes a NAT gateway's network interface away with it; moto leaves it behind.

https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.kept.shim import Asked, Rule


def _delete_nat_gateway(asked: Asked) -> dict[str, Any]:
    ec2 = asked.moto
    found = ec2.describe_nat_gateways(NatGatewayIds=[asked.params["NatGatewayId"]])["NatGateways"]
    answer: dict[str, Any] = ec2.delete_nat_gateway(**asked.params)
    for gateway in found:
        for address in gateway.get("NatGatewayAddresses", []):
            try:
                ec2.delete_network_interface(NetworkInterfaceId=address["NetworkInterfaceId"])
            except ClientError as error:
                if error.response["Error"].get("Code") != "InvalidNetworkInterfaceID.NotFound":
                    raise
    return answer


RULES = {"DeleteNatGateway": Rule(answer=_delete_nat_gateway)}
