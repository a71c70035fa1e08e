use std::sync::Mutex;
use std::time::Duration;

use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use super::*;

const TIME: &str = "2026-08-06T15:14:24.123456700Z";

/// What `log` writes with these settings, at [`TIME`].
fn lines(settings: Settings, zone: TimeZone, log: impl FnOnce()) -> String {
    let written = Arc::new(Mutex::new(Vec::new()));
    let sink = written.clone();
    let layer = RecordLayer::new(
        Arc::new(ArcSwap::from_pointee(settings)),
        || TIME.parse().expect("a time"),
        zone,
        Box::new(move |line| sink.lock().unwrap().extend_from_slice(line)),
    );
    tracing::subscriber::with_default(Registry::default().with(layer), log);
    String::from_utf8(written.lock().unwrap().clone()).unwrap()
}

fn text(log: impl FnOnce()) -> String {
    lines(Settings::default(), TimeZone::UTC, log)
}

fn json(log: impl FnOnce()) -> String {
    lines(Settings { format: Format::Json, ..Settings::default() }, TimeZone::UTC, log)
}

fn version_info() {
    tracing::info!(
        dex_version = "v2.45.1",
        go.version = "go1.26.4",
        go.os = "linux",
        go.arch = "amd64",
        "Version info"
    );
}

fn of_every_kind() {
    let nobody: Option<&str> = None;
    let error = std::io::Error::other("disk on fire");
    tracing::warn!(
        valid_for = ?Duration::from_secs(86_400),
        origins = ?vec!["a", "b"],
        enabled = true,
        count = 3_u32,
        user = %"Jane Doe",
        nobody,
        err = &error as &(dyn std::error::Error + 'static),
        r#type = "local",
        "mixed"
    );
}

#[test]
fn records_read_as_dex_writes_them() {
    let cases = [
        (
            text(version_info),
            "time=2026-08-06T15:14:24.123Z level=INFO msg=\"Version info\" dex_version=v2.45.1 go.version=go1.26.4 go.os=linux go.arch=amd64\n",
        ),
        (
            json(version_info),
            "{\"time\":\"2026-08-06T15:14:24.1234567Z\",\"level\":\"INFO\",\"msg\":\"Version info\",\"dex_version\":\"v2.45.1\",\"go\":{\"version\":\"go1.26.4\",\"os\":\"linux\",\"arch\":\"amd64\"}}\n",
        ),
        (
            json(|| tracing::info!(storage_type = "sqlite3", "config storage")),
            "{\"time\":\"2026-08-06T15:14:24.1234567Z\",\"level\":\"INFO\",\"msg\":\"config storage\",\"storage_type\":\"sqlite3\"}\n",
        ),
        (
            text(of_every_kind),
            "time=2026-08-06T15:14:24.123Z level=WARN msg=mixed valid_for=24h0m0s origins=\"[a b]\" enabled=true count=3 user=\"Jane Doe\" err=\"disk on fire\" type=local\n",
        ),
        (
            json(of_every_kind),
            "{\"time\":\"2026-08-06T15:14:24.1234567Z\",\"level\":\"WARN\",\"msg\":\"mixed\",\"valid_for\":86400000000000,\"origins\":[\"a\",\"b\"],\"enabled\":true,\"count\":3,\"user\":\"Jane Doe\",\"err\":\"disk on fire\",\"type\":\"local\"}\n",
        ),
        (text(|| tracing::info!("{}", "two\nlines")), "time=2026-08-06T15:14:24.123Z level=INFO msg=\"two\\nlines\"\n"),
    ];
    for (written, expected) in cases {
        assert_eq!(written, expected);
    }
}

#[test]
fn the_request_comes_last() {
    let log = || {
        let client: Option<&str> = Some("192.0.2.7");
        let span = tracing::error_span!("request", client_remote_addr = client, request_id = "8f14e45f");
        span.in_scope(|| tracing::info!(client_id = "app", "received device request"));
    };
    assert_eq!(
        text(log),
        "time=2026-08-06T15:14:24.123Z level=INFO msg=\"received device request\" client_id=app client_remote_addr=192.0.2.7 request_id=8f14e45f\n"
    );
    let excluding = Settings { exclude_fields: vec!["request_id".into()], ..Settings::default() };
    assert!(!lines(excluding, TimeZone::UTC, log).contains("request_id"));
    let errors = Settings { level: Level::ERROR, ..Settings::default() };
    let written = lines(errors, TimeZone::UTC, || {
        tracing::error_span!("request", request_id = "8f14e45f").in_scope(|| {
            tracing::warn!("not written");
            tracing::error!("written");
        });
    });
    assert!(written.ends_with("msg=written request_id=8f14e45f\n"), "{written}");
    assert_eq!(written.lines().count(), 1);
}

#[test]
fn excluded_fields_are_left_out() {
    let excluding = |names: &[&str]| {
        let exclude_fields = names.iter().map(ToString::to_string).collect();
        lines(Settings { exclude_fields, ..Settings::default() }, TimeZone::UTC, version_info)
    };
    assert!(!excluding(&["dex_version"]).contains("dex_version"));
    assert!(!excluding(&["go"]).contains("go."));
    assert!(excluding(&["version", "Dex_Version", "msg"]).contains("go.version=go1.26.4"));
    let one = excluding(&["go.os"]);
    assert!(one.contains("go.arch") && !one.contains("go.os"), "{one}");
}

#[test]
fn times_are_in_the_local_zone() {
    let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(-12_600).unwrap());
    let written = lines(Settings::default(), zone, || tracing::info!("x"));
    assert!(written.starts_with("time=2026-08-06T11:44:24.123-03:30 "), "{written}");
}

#[test]
fn levels_below_the_setting_and_chatter_of_others_are_dropped() {
    let written = lines(Settings { level: Level::DEBUG, ..Settings::default() }, TimeZone::UTC, || {
        tracing::trace!("no");
        tracing::debug!("yes");
        tracing::info!(target: "hyper", "no");
        tracing::warn!(target: "hyper", "yes");
    });
    assert_eq!(written.matches("msg=yes").count(), 2, "{written}");
    assert!(!written.contains("msg=no"));
}

#[test]
fn a_line_can_be_forged_in_neither_format() {
    let hostile = "x\nlevel=ERROR msg=owned\u{1b}]0;\u{7}\u{85}";
    for written in [text(|| tracing::info!(user = hostile, "login")), json(|| tracing::info!(user = hostile, "login"))]
    {
        assert_eq!(written.lines().count(), 1);
        assert!(!written.trim_end().chars().any(char::is_control), "{written:?}");
    }
}
