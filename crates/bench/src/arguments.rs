//! What may be asked on the command line, and its limits.

use std::time::Duration;

use clap::Parser;

use crate::drive::Load;
use crate::workload::Workload;

/// How many simulated clients may run at once.
const CLIENTS_MAX: i64 = 256;

/// The shortest and the longest time one workload may be measured.
const DURATIONS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(300));

/// Drives OpenID providers on this machine and prints how fast they answer.
#[derive(Parser)]
#[command(name = "dex-bench")]
pub struct Arguments {
    /// Issuer to drive; http on a loopback address only
    #[arg(long, value_name = "URL")]
    pub issuer: String,
    /// Client to log in to; several, separated by commas, are shared out among the simulated clients
    #[arg(long, value_name = "ID", value_delimiter = ',', default_value = "example-app")]
    pub client_id: Vec<String>,
    /// Secret of the client, the same for all; without it the client is public
    #[arg(long, value_name = "SECRET")]
    pub client_secret: Option<String>,
    /// Where the client is sent its code; nothing needs to listen there
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5555/callback")]
    pub redirect_uri: String,
    /// Connector to log in through, sent as `connector_id`
    #[arg(long, value_name = "ID")]
    pub connector: Option<String>,
    /// User for a login form and for the password grant; `user{500}` means `user0` to `user499` in turn
    #[arg(long, value_name = "NAME", requires = "password")]
    pub login: Option<String>,
    /// Password of that user
    #[arg(long, value_name = "PASSWORD", requires = "login")]
    pub password: Option<String>,
    /// Simulated clients at once, each with a connection of its own
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=CLIENTS_MAX))]
    pub clients: u16,
    /// How long each workload is measured: 500ms, 10s, 2m
    #[arg(long, default_value = "10s", value_parser = duration)]
    pub duration: Duration,
    /// How long each workload runs before it is measured
    #[arg(long, default_value = "1s", value_parser = duration)]
    pub warm_up: Duration,
    /// Workloads to run, separated by commas; all of them when none is named
    #[arg(long, value_enum, value_delimiter = ',')]
    pub workload: Vec<Workload>,
    /// Process of the issuer, for its processor time and memory
    #[arg(long)]
    pub pid: Option<u32>,
    /// A second issuer, measured in turns with the first
    #[arg(long, value_name = "URL")]
    pub compare: Option<String>,
    /// Process of the second issuer
    #[arg(long, value_name = "PID", requires = "compare")]
    pub compare_pid: Option<u32>,
}

impl Arguments {
    pub(crate) fn load(&self) -> Load {
        Load { clients: self.clients, warm_up: self.warm_up, duration: self.duration }
    }

    /// Each once, in the order named.
    pub(crate) fn workloads(&self) -> Vec<Workload> {
        if self.workload.is_empty() {
            return Workload::ALL.to_vec();
        }
        let mut workloads = Vec::new();
        for workload in &self.workload {
            if !workloads.contains(workload) {
                workloads.push(*workload);
            }
        }
        workloads
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count: u64 = digits.parse().map_err(|_| format!("`{text}` is not a duration such as 500ms, 10s or 2m"))?;
    let duration = match &text[digits.len()..] {
        "ms" => Duration::from_millis(count),
        "s" => Duration::from_secs(count),
        "m" => Duration::from_secs(count.saturating_mul(60)),
        unit => return Err(format!("`{unit}` is not a unit; use ms, s or m")),
    };
    let (min, max) = DURATIONS;
    if duration < min || duration > max {
        return Err(format!("must be from {min:?} to {max:?}"));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_limits() {
        let cases = [
            ("50ms", Some(Duration::from_millis(50))),
            ("49ms", None),
            ("10s", Some(Duration::from_secs(10))),
            ("5m", Some(Duration::from_secs(300))),
            ("301s", None),
            ("18446744073709551615m", None),
            ("10", None),
            ("s", None),
            ("1h", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn numbers_of_clients_and_half_a_login_are_checked() {
        let cases: [(&[&str], bool); 8] = [
            (&["--clients", "1"], true),
            (&["--clients", "256"], true),
            (&["--clients", "0"], false),
            (&["--clients", "257"], false),
            (&["--login", "a", "--password", "b"], true),
            (&["--login", "a"], false),
            (&["--password", "b"], false),
            (&["--compare-pid", "1"], false),
        ];
        for (more, accepted) in cases {
            let words = ["dex-bench", "--issuer", "http://127.0.0.1:1"];
            let parsed = Arguments::try_parse_from(words.iter().chain(more));
            assert_eq!(parsed.is_ok(), accepted, "{more:?}");
        }
    }

    #[test]
    fn workloads_run_once_in_the_order_named() {
        let words = ["dex-bench", "--issuer", "i", "--workload", "login,keys,login"];
        let arguments = Arguments::try_parse_from(words).unwrap();
        assert_eq!(arguments.workloads(), [Workload::Login, Workload::Keys]);
    }
}
