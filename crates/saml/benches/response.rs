//! How long a response takes from its text to the assertion: `cargo bench -p dex-saml`.
#![expect(clippy::unwrap_used, reason = "the tests it shares its identity provider with fail by panicking")]
#![expect(clippy::print_stdout, reason = "what was measured goes to standard output")]

use std::time::Instant;

use dex_saml::examine;

#[path = "../tests/it/idp.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod idp;

/// How many batches of how many rounds are measured. The fastest batch counts: others were disturbed.
const BATCHES: u32 = 20;
const ROUNDS: u32 = 100;

fn main() {
    let trust = idp::trust(&[&idp::RSA]);
    let expected = idp::expected(&trust);
    let value = "<saml:AttributeValue>staff</saml:AttributeValue>";
    for groups in [1, 90, 1000] {
        for (response, assertion) in [(true, false), (false, true), (true, true)] {
            let plan = idp::Plan::new(response, assertion).edit(value, &value.repeat(groups));
            let text = plan.build();
            let batch = |_| {
                let started = Instant::now();
                for _ in 0..ROUNDS {
                    examine(&text, &expected, idp::now()).outcome.expect("an honest response gets in");
                }
                started.elapsed() / ROUNDS
            };
            let took = (0..BATCHES).map(batch).min().unwrap_or_default();
            println!("{} bytes, response signed {response}, assertion signed {assertion}: {took:?}", text.len());
        }
    }
    // The most that a stranger can make us do: as many elements and as many bytes as may be.
    let honest = idp::Plan::new(true, true).build();
    let junk: String = (0..39_900).map(|n| format!("<a ID=\"i{n}\"/>")).collect();
    let text = honest.replace("<samlp:Status>", &format!("{junk}<samlp:Status>"));
    let started = Instant::now();
    for _ in 0..BATCHES {
        examine(&text, &expected, idp::now()).outcome.expect_err("it was changed");
    }
    println!("{} bytes of a stranger's: {:?}", text.len(), started.elapsed() / BATCHES);
}
