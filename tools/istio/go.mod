// The Istio charts are read from the module's folder (manifests/charts); nothing here is compiled.
// Kept by `go mod download`: `go mod tidy` would empty the list.
module standfast.dev/tools/istio

go 1.26.0

require istio.io/istio v0.0.0-20260827124520-eed52ebb66ad
