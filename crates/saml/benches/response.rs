//! How long a response takes from its text to the assertion: `cargo bench -p dex-saml`.
#![expect(clippy::unwrap_used, reason = "the tests it shares its identity provider with fail by panicking")]
#![expect(clippy::print_stdout, reason = "what was measured goes to standard output")]

use std::time::Duration;

use dex_saml::examine;
use rustix::time::{ClockId, clock_gettime};

#[path = "../tests/it/idp.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod idp;

/// How many batches of how many rounds are measured. The fastest batch counts: others were disturbed.
const BATCHES: u32 = 20;
const ROUNDS: u32 = 100;

/// The time for which a processor has run this thread. How busy the machine is does not count.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn main() {
    let trust = idp::trust(&[&idp::RSA]);
    let expected = idp::expected(&trust);
    let value = "<saml:AttributeValue>staff</saml:AttributeValue>";
    for groups in [1, 90, 1000] {
        for (response, assertion) in [(true, false), (false, true), (true, true)] {
            let plan = idp::Plan::new(response, assertion).edit(value, &value.repeat(groups));
            let text = plan.build();
            let batch = |_| {
                let started = spent();
                for _ in 0..ROUNDS {
                    examine(&text, &expected, idp::now()).outcome.expect("an honest response gets in");
                }
                (spent() - started) / ROUNDS
            };
            let took = (0..BATCHES).map(batch).min().unwrap_or_default();
            println!("{} bytes, response signed {response}, assertion signed {assertion}: {took:?}", text.len());
        }
    }
    // The most that a stranger can make us do, who has a signature of the identity provider's over something else.
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let attributes = many(50, &|n| format!(" a{n}=\"\""));
    let cases = [
        ("elements with ids", many(10_400, &|n| format!("<a ID=\"i{n}\"/>"))),
        ("too many elements with ids", many(39_900, &|n| format!("<a ID=\"i{n}\"/>"))),
        ("elements with texts", format!("<a>{}</a>", "<b/>x".repeat(10_400))),
        ("attributes", format!("<a{attributes}/>").repeat(460)),
        ("too many attributes", format!("<a{attributes}/>").repeat(2500)),
        ("namespaces", many(390, &|n| format!("<a{}/>", many(60, &|m| format!(" xmlns:n{m}=\"u{n}\""))))),
        ("comments", "<!---->".repeat(7_900)),
        ("too many comments", "<!---->".repeat(140_000)),
        ("texts of their own", "<![CDATA[]]>".repeat(7_900)),
        ("text", "x".repeat(1_000_000)),
        ("escapes", "&#9;".repeat(250_000)),
    ];
    let honest = idp::Plan::new(true, true).build();
    for (told, junk) in cases {
        let text = honest.replace("<samlp:Status>", &format!("{junk}<samlp:Status>"));
        let batch = |_| {
            let started = spent();
            // Comments and empty character data are no part of what is signed, and change nothing.
            let believed = examine(&text, &expected, idp::now()).outcome.is_ok_and(|it| it.name_id.value != "jane");
            assert!(!believed, "{told}");
            spent() - started
        };
        let took = (0..BATCHES).map(batch).min().unwrap_or_default();
        println!("{} bytes of a stranger's, {told}: {took:?}", text.len());
    }
}
