//! What wants to cost much costs little.

use std::time::Duration;

use dex_saml::{Check, IdentityProvider, decode_redirect};

use rustix::time::{ClockId, clock_gettime};

use crate::idp::{Plan, now, outcome};

/// How much of a processor anything may take, without optimisation. With it, a tenth of that.
const LIMIT: Duration = Duration::from_millis(250);

/// The time for which a processor has run this thread. How busy the machine is does not count.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn quick<T>(told: &str, work: impl FnOnce() -> T) -> T {
    let started = spent();
    let result = work();
    let took = spent() - started;
    assert!(took < LIMIT, "{told} took {took:?}");
    result
}

#[test]
fn hostile_documents_are_refused_quickly() {
    let entities: String = (1..20).map(|n| format!("<!ENTITY e{n} \"&e{0};&e{0};\">", n - 1)).collect();
    let wide = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let honest = Plan::new(true, true).build();
    let into = |text: &str| honest.replace("<samlp:Status>", &format!("{text}<samlp:Status>"));
    let response = |text: &str| honest.replacen("<samlp:Response ", &format!("<samlp:Response {text} "), 1);
    let cases = [
        ("entities within each other", format!("<!DOCTYPE a [<!ENTITY e0 \"x\">{entities}]><a>&e19;</a>")),
        ("an external entity", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>".into()),
        ("100 000 levels", into(&"<a>".repeat(100_000))),
        ("200 000 elements", into(&"<a/>".repeat(200_000))),
        ("100 000 attributes", response(&wide(100_000, &|n| format!(" a{n}=\"\"")))),
        ("an attribute of a megabyte", response(&format!("a=\"{}\"", "x".repeat(1024 * 1024)))),
        ("a text of two megabytes", into(&"x".repeat(2 * 1024 * 1024))),
        ("10 000 namespaces", response(&wide(10_000, &|n| format!(" xmlns:n{n}=\"u\"")))),
        (
            "namespaces on each level",
            into(&wide(30, &|n| format!("<a{}>", wide(60, &|m| format!(" xmlns:n{n}x{m}=\"u\""))))),
        ),
        ("a comment without end", into("<!-- ")),
        ("30 000 signatures", into(&"<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>".repeat(10_000))),
        (
            "30 000 assertions",
            into(&"<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>".repeat(8000)),
        ),
        ("80 000 sections of text", into(&"<![CDATA[]]>".repeat(80_000))),
        ("11 000 ids", into(&wide(11_000, &|n| format!("<a ID=\"i{n}\"/>")))),
        ("30 000 ids", into(&wide(30_000, &|n| format!("<a ID=\"i{n}\"/>")))),
        ("10 000 prefixes to include", {
            let list = wide(10_000, &|n| format!("p{n} "));
            let parameter = format!(
                "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{list}\"/>"
            );
            honest
                .replace(
                    "Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></",
                    "Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">",
                )
                .replace("exc-c14n#\"/>", &format!("exc-c14n#\">{parameter}</x>"))
        }),
    ];
    for (told, text) in cases {
        quick(told, || outcome(&text)).expect_err(told);
    }
}

#[test]
fn much_that_is_harmless_is_read_quickly() {
    let honest = Plan::new(true, true).build();
    let cases = [("comments", "<!-- -->".repeat(7_000)), ("character data", "<![CDATA[]]>".repeat(7_000))];
    for (told, text) in cases {
        let text = honest.replace("<saml:Subject>", &format!("{text}<saml:Subject>"));
        assert!(quick(told, || outcome(&text)).is_ok(), "{told}");
    }
}

#[test]
fn ten_thousand_groups_are_read_and_more_than_a_megabyte_is_not() {
    let groups = |count: usize| "<saml:AttributeValue>a-group-of-ours</saml:AttributeValue>".repeat(count);
    let with = |count: usize| {
        let one = "<saml:AttributeValue>staff</saml:AttributeValue>";
        Plan::new(true, true).edit(one, &groups(count)).build()
    };
    let text = with(10_000);
    let assertion = outcome(&text).unwrap();
    assert_eq!(assertion.attributes[1].values.len(), 10_001);
    assert_eq!(outcome(&with(20_000)).unwrap_err().check, Check::Xml);
}

#[test]
fn hostile_metadata_and_queries_are_refused_quickly() {
    let deep = format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000));
    let many = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}</md:EntitiesDescriptor>",
        "<md:EntityDescriptor entityID=\"x\"/>".repeat(20_000)
    );
    for (told, text) in [("deep metadata", deep), ("metadata of many", many)] {
        quick(told, || IdentityProvider::read(&text, Some("x"), None, now())).expect_err(told);
    }
    let query = format!("SAMLRequest={}", "A".repeat(4 * 1024 * 1024));
    quick("a long query", || decode_redirect(&query, "SAMLRequest", None, now())).expect_err("a long query");
}
