"""What answers for the pods of inference-service: a stand-in for their containers, sidecars and kubelets."""
