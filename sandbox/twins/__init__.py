"""What AWS does by itself around an EKS cluster, done by small loops between moto and a region's API
server.
"""
