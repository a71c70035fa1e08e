//! What this build is.

/// The version, set by the build: `v2.50.0`, `v0.1.0-20260806171424-ab64ed77-dirty`, `DEV`.
pub const DEX: &str = env!("DEX_BUILD_VERSION");

/// The compiler, as `rustc1.95.0`.
pub const COMPILER: &str = env!("DEX_BUILD_COMPILER");

/// The processor, by the name Go and container images have for it.
#[must_use]
pub fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}
