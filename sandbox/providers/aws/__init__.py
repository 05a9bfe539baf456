"""A stand-in for pulumi-aws 7 that speaks boto3 to a moto server: see `provider.AwsProvider`."""
