"""The workload simulator: plays Kubernetes' controllers and the kubelet, as a client over HTTP only."""
