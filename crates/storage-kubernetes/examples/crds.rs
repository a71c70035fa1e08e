//! Prints the custom resource definitions, for `examples/k8s/crds.json`.

#![expect(clippy::print_stdout, reason = "that is what it is for")]

fn main() {
    println!("{}", dex_storage_kubernetes::manifest());
}
