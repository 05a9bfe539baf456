// Modules whose folders hold the custom resource definitions; nothing here is compiled.
// Kept by `go mod download`: `go mod tidy` would empty the list.
module standfast.dev/tools/crds

go 1.26.0

require (
	github.com/argoproj/argo-events v1.9.7
	github.com/kubernetes-csi/external-snapshotter/client/v8 v8.6.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/vmware-tanzu/velero v1.18.3
	istio.io/api v1.31.0-rc.0.0.20260824154656-b943409680a7
)
