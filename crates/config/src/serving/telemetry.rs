//! `telemetry`: metrics, health and profiling.

use crate::Overrides;
use crate::serving::address::{ListenAddress, listen_address, or_flag};
use crate::tree::Map;

/// The section `telemetry`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// Where to serve; nowhere when unset.
    pub http: Option<ListenAddress>,
    /// Whether the profiling routes are served too.
    pub enable_profiling: bool,
}

impl Telemetry {
    pub(crate) fn read(map: &mut Map<'_>, flags: &Overrides) -> Self {
        let given = or_flag(map, "http", ("--telemetry-addr", &flags.telemetry_addr));
        let (path, report) = (map.path("http"), map.report());
        Self {
            http: given.and_then(|given| listen_address(&given, &path, "telemetry", report)),
            enable_profiling: map.bool("enableProfiling", false),
        }
    }
}
