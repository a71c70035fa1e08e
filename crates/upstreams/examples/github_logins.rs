//! What many logins through GitHub at once cost: `cargo run --release --package dex-upstreams --example github_logins`,
//! with their number behind it if it is not to be 1000.
//!
//! GitHub is played by a process of its own, so that memory and CPU are ours alone: every answer takes 200 ms, and the user
//! is in 1000 teams, which makes ten pages. Linux only, for it reads `/proc`.
#![expect(clippy::print_stdout, reason = "what it prints is its answer")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use dex_connector::{Clock, Connector, Finish, LoginMethod, Opening, Wanted};
use dex_fakes::github::GitHub;
use dex_fakes::kit::{CLIENT_ID, CLIENT_SECRET, Fault};
use dex_oidc::Form;
use serde_json::json;
use url::Url;

/// How many logins, unless it is told.
const LOGINS: usize = 1_000;
const TEAMS: usize = 1_000;
const LATENCY: Duration = Duration::from_millis(200);
const CALLBACK: &str = "https://id.test/callback";
const WANTED: Wanted = Wanted { offline_access: true, groups: true };

/// Clock ticks of `/proc/self/stat` in a second (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["play", logins] => play(logins.parse()?).await,
        [logins] => measure(logins.parse()?).await,
        _ => measure(LOGINS).await,
    }
}

/// Plays GitHub until standard input ends. The first lines of the output are its URL and the codes to redeem.
async fn play(logins: usize) -> anyhow::Result<()> {
    let github = GitHub::start().await?;
    github.change(|user| {
        user.teams = (0..TEAMS).map(|n| ("acme".into(), format!("Team {n}"), format!("team-{n}"))).collect();
    });
    println!("{}", github.fake.base());
    let mut page = github.fake.url().join("login/oauth/authorize")?;
    page.query_pairs_mut()
        .append_pair("client_id", CLIENT_ID)
        .append_pair("response_type", "code")
        .append_pair("scope", "user:email read:org")
        .append_pair("redirect_uri", CALLBACK);
    for _ in 0..logins {
        let back = github.fake.browse(&page).await?;
        let code = back.query_pairs().find(|(key, _)| key == "code").context("no code")?.1.into_owned();
        println!("{code}");
    }
    std::io::stdout().flush()?;
    github.fake.fail(Fault::at("/").delay(LATENCY));
    tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await??;
    Ok(())
}

async fn measure(logins: usize) -> anyhow::Result<()> {
    let mut player = Command::new(std::env::current_exe()?);
    let mut player = player.arg("play").arg(logins.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(player.stdout.take().context("it is piped")?).lines();
    let base = lines.next().context("no URL")??;
    let codes = lines.by_ref().take(logins).collect::<Result<Vec<_>, _>>()?;
    let connector = open(&base)?;

    let (cpu, memory, begun) = (cpu_seconds()?, status("VmRSS")?, Instant::now());
    let running: Vec<_> = codes.into_iter().map(|code| tokio::spawn(log_in(connector.clone(), code))).collect();
    let mut slowest = Duration::ZERO;
    for login in running {
        slowest = slowest.max(login.await??);
    }
    let (cpu, took) = (cpu_seconds()? - cpu, begun.elapsed());
    println!("{logins} logins, {TEAMS} teams each, every answer {} ms", LATENCY.as_millis());
    println!("took {:.1} s, the slowest login {:.1} s, none failed", took.as_secs_f64(), slowest.as_secs_f64());
    println!("CPU per login {:.1} ms", cpu * 1000.0 / logins as f64);
    println!(
        "memory before {} MiB, at most {} MiB, after {} MiB",
        memory / 1024,
        status("VmHWM")? / 1024,
        status("VmRSS")? / 1024
    );
    drop(player.stdin.take());
    ensure!(player.wait()?.success(), "GitHub ended badly");
    Ok(())
}

fn open(base: &str) -> anyhow::Result<Arc<dyn Connector>> {
    let config = json!({
        "clientID": CLIENT_ID, "clientSecret": CLIENT_SECRET, "redirectURI": CALLBACK, "baseURL": base, "apiURL": base,
        "orgs": [{"name": "acme"}],
    });
    let callback: Url = CALLBACK.parse()?;
    let now = "2026-01-01T00:00:00Z".parse()?;
    let clock = Clock::new(move || now);
    Ok(dex_upstreams::open("github", &Opening { id: "github", config: &config, callback: &callback, clock })?)
}

async fn log_in(connector: Arc<dyn Connector>, code: String) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let LoginMethod::Redirect(login) = connector.login() else { anyhow::bail!("GitHub is gone to") };
    let finish = Finish {
        wanted: WANTED,
        data: b"",
        callback: &CALLBACK.parse()?,
        state: "s",
        parameters: &Form::of([("code", code.as_str())]),
        posted: false,
        headers: &http::HeaderMap::new(),
        peer: None,
        now: "2026-01-01T00:00:00Z".parse()?,
    };
    let identity = login.finish(&finish).await?.identity;
    ensure!(identity.groups.len() == TEAMS, "{} groups", identity.groups.len());
    Ok(begun.elapsed())
}

/// User and system time of this process.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(')').next().context("stat")?.split_ascii_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / TICKS)
}

/// A size of `/proc/self/status` in KiB.
fn status(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name)).context("status")?;
    Ok(line.split_ascii_whitespace().nth(1).context("status")?.parse()?)
}
