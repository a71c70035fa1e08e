//! Makes Rust of `proto/api/v2/api.proto`, without `protoc`.

use std::error::Error;
use std::path::PathBuf;

use prost::Message as _;

/// The name by which reflection tells the file.
const FILE: &str = "api/v2/api.proto";

/// Messages that hold a secret: they get a `Debug` of their own that does not print it.
const SECRET: [&str; 6] = [
    ".api.Client",
    ".api.Password",
    ".api.UpdatePasswordReq",
    ".api.VerifyPasswordReq",
    ".api.Connector",
    ".api.UpdateConnectorReq",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto/{FILE}");
    let mut files = protox::compile([FILE], ["proto"])?;
    tonic_prost_build::configure().build_transport(false).skip_debug(SECRET).compile_fds(files.clone())?;
    // What is told at run time has no comments.
    for file in &mut files.file {
        file.source_code_info = None;
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptor.bin"), files.encode_to_vec())?;
    Ok(())
}
