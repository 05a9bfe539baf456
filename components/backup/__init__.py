"""Copies of cluster state and models that another region can start from."""
