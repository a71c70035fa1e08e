//! Drives providers that answer rightly, and ones that do not, through the whole generator.

mod provider;

use clap::Parser as _;
use dex_bench::Arguments;

use crate::provider::{Fault, serve};

/// The table of a short run against `issuer`, and whether every workload ran.
async fn bench(issuer: &str, more: &[&str]) -> anyhow::Result<(bool, String)> {
    let words = [
        "dex-bench",
        "--issuer",
        issuer,
        "--client-secret",
        "s",
        "--clients",
        "3",
        "--duration",
        "50ms",
        "--warm-up",
        "50ms",
    ];
    let arguments = Arguments::try_parse_from(words.iter().chain(more))?;
    let mut out = Vec::new();
    let all_ran = dex_bench::run(arguments, &mut out).await?;
    Ok((all_ran, String::from_utf8(out)?))
}

/// The cells of the line that begins with `workload` and `target`.
fn line<'a>(table: &'a str, workload: &str, target: &str) -> Vec<&'a str> {
    let cells = |line: &'a str| line.split_whitespace().collect::<Vec<_>>();
    let mut lines = table.lines().map(cells);
    lines
        .find(|cells| cells.starts_with(&[workload, target]) && cells.len() == 13)
        .unwrap_or_else(|| panic!("no line {workload} {target} in\n{table}"))
}

#[tokio::test]
async fn every_workload_runs_without_errors_against_a_good_provider() {
    let issuer = serve(Fault::None).await;
    let pid = std::process::id().to_string();
    let user = ["--login", "jane", "--password", "pass", "--pid", &pid];
    for connector in ["redirecting", "form"] {
        let more = [&user[..], &["--connector", connector]].concat();
        let (all_ran, table) = bench(&issuer, &more).await.unwrap();
        assert!(all_ran, "{table}");
        for workload in
            ["discovery", "keys", "login", "refresh", "client_credentials", "userinfo", "introspection", "password"]
        {
            let cells = line(&table, workload, "A");
            assert_eq!((cells[2], cells[8]), ("3", "0"), "{table}");
            assert!(cells[3].parse::<f64>().unwrap() > 0.0, "{table}");
        }
    }
}

#[tokio::test]
async fn two_providers_are_measured_in_turns_and_compared() {
    let (a, b) = (serve(Fault::None).await, serve(Fault::None).await);
    let more = ["--compare", &b, "--workload", "discovery,keys"];
    let (all_ran, table) = bench(&a, &more).await.unwrap();
    assert!(all_ran);
    let order: Vec<String> =
        table.lines().skip(3).map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(order.len(), 6, "{table}");
    assert_eq!([&order[0], &order[1]], ["discovery A", "discovery B"]);
    assert_eq!([&order[3], &order[4]], ["keys A", "keys B"]);
    assert!(order[2].starts_with("A/B") && order[5].starts_with("A/B"));
}

#[tokio::test]
async fn wrong_answers_are_errors_and_named() {
    let login = ["--workload", "login", "--connector"];
    let cases: [(Fault, &[&str], &str); 6] = [
        (Fault::State, &["redirecting"], "login: another state"),
        (Fault::Nonce, &["redirecting"], "code: ID token with another nonce"),
        (Fault::Token, &["redirecting"], "code: invalid_grant"),
        (Fault::None, &["none"], "login: a page without a form to fill in"),
        (Fault::None, &["form"], "login: a form needs --login and --password"),
        (Fault::None, &["form", "--login", "jane", "--password", "wrong"], "login: name or password refused"),
    ];
    for (fault, more, told) in cases {
        let issuer = serve(fault).await;
        let (all_ran, table) = bench(&issuer, &[&login, more].concat()).await.unwrap();
        assert!(!all_ran, "{table}");
        assert!(table.contains(told), "{told} in\n{table}");
    }
}

#[tokio::test]
async fn a_failure_under_load_is_counted_by_kind() {
    let issuer = serve(Fault::Later).await;
    let (all_ran, table) = bench(&issuer, &["--workload", "keys"]).await.unwrap();
    assert!(all_ran, "{table}");
    let failed: u64 = line(&table, "keys", "A")[8].parse().unwrap();
    assert!(failed > 0, "{table}");
    assert!(table.contains(&format!("keys on A: {failed} x keys: status 503")), "{table}");
}

#[tokio::test]
async fn chains_that_a_later_login_ends_are_left_out() {
    let issuer = serve(Fault::OneChain).await;
    let more = ["--workload", "refresh", "--connector", "redirecting"];
    let (all_ran, table) = bench(&issuer, &more).await.unwrap();
    assert!(all_ran, "{table}");
    let cells = line(&table, "refresh", "A");
    assert_eq!((cells[2], cells[8]), ("1", "0"), "{table}");
}

#[tokio::test]
async fn nothing_but_this_machine_is_driven() {
    for issuer in ["https://dex.example.com", "http://192.0.2.1/dex", "https://127.0.0.1/dex"] {
        let error = bench(issuer, &[]).await.unwrap_err();
        assert!(format!("{error:#}").contains("is refused: load is put only on"), "{error:#}");
    }
    let issuer = serve(Fault::Elsewhere).await;
    let error = bench(&issuer, &[]).await.unwrap_err();
    assert!(format!("{error:#}").contains("`https://dex.example.com` is refused"), "{error:#}");
}
