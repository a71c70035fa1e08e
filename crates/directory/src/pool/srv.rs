//! Servers found by their service's name in the DNS (RFC 2782).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::hosts::Endpoint;

/// How many servers are taken from an answer.
const SERVERS_MAX: usize = 32;
/// How long an answer is used, whatever the DNS says of it.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// How long the DNS may take.
const LOOKUP_MAX: Duration = Duration::from_secs(5);

/// A service's name, and the servers last found under it.
pub(crate) struct Srv {
    name: String,
    resolver: OnceCell<TokioResolver>,
    found: Mutex<Option<(Instant, Vec<Record>)>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    priority: u16,
    weight: u16,
    endpoint: Endpoint,
}

impl Srv {
    /// `_ldap._tcp.` in front of a domain, or the name as it is if it says so itself.
    pub(crate) fn new(domain: &str) -> Self {
        let name = if domain.starts_with('_') { domain.to_owned() } else { format!("_ldap._tcp.{domain}") };
        Self { name: format!("{}.", name.trim_end_matches('.')), resolver: OnceCell::new(), found: Mutex::default() }
    }

    /// Asks this resolver, not the system's.
    #[cfg(test)]
    pub(crate) fn asking(self, resolver: TokioResolver) -> Self {
        Self { resolver: OnceCell::new_with(Some(resolver)), ..self }
    }

    /// The servers, the most urgent first and those alike in an order of chance.
    ///
    /// # Errors
    ///
    /// What the DNS says. Servers that were found before are used as long as it says nothing better.
    pub(crate) async fn endpoints(&self, now: Instant) -> Result<Vec<Endpoint>, String> {
        let kept = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = kept.as_ref().is_some_and(|(at, _)| *at + KEPT_FOR > now);
        let records = match (kept, fresh) {
            (Some((_, records)), true) => records,
            (kept, _) => match self.look_up().await {
                Ok(records) => records,
                Err(error) => kept.map(|(_, records)| records).ok_or(error)?,
            },
        };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, records.clone()));
        Ok(in_order(records, fastrand::f64))
    }

    /// How many servers were found last.
    pub(crate) fn count(&self) -> usize {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |(_, records)| records.len())
    }

    async fn look_up(&self) -> Result<Vec<Record>, String> {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", self.name);
        let open = async || TokioResolver::builder_tokio()?.build();
        let resolver = self.resolver.get_or_try_init(open).await.map_err(|error| failed(&error))?;
        let answer = timeout(LOOKUP_MAX, resolver.srv_lookup(self.name.as_str())).await;
        let answer = answer.map_err(|_| failed(&"the DNS does not answer"))?.map_err(|error| failed(&error))?;
        let mut records = Vec::new();
        for record in answer.answers().iter().take(SERVERS_MAX) {
            let RData::SRV(srv) = &record.data else { continue };
            let host = srv.target.to_utf8();
            let host = host.trim_end_matches('.');
            // A lone dot says that there is no such service. A host elsewhere is one that anybody who can forge an answer
            // of the DNS can name and has a certificate for (RFC 6125 §6.2.1).
            if self.is_within(host) {
                let endpoint = Endpoint::new(host, srv.port);
                records.push(Record { priority: srv.priority, weight: srv.weight, endpoint });
            }
        }
        if records.is_empty() { Err(failed(&"no servers within the domain")) } else { Ok(records) }
    }

    /// Whether a host lies within the domain whose service this is.
    fn is_within(&self, host: &str) -> bool {
        let name = self.name.trim_end_matches('.');
        let labels = name.split('.').collect::<Vec<_>>();
        let first = labels.iter().rposition(|label| label.starts_with('_')).map_or(0, |last| last + 1);
        let domain = labels[first..].join(".");
        let end = host.len().checked_sub(domain.len() + 1);
        !domain.is_empty()
            && (host.eq_ignore_ascii_case(&domain)
                || end.is_some_and(|end| {
                    host.is_char_boundary(end) && host[end..].eq_ignore_ascii_case(&format!(".{domain}"))
                }))
    }
}

/// By priority; within one, each is first as often as its weight says. `chance` is between 0 and 1.
fn in_order(records: Vec<Record>, mut chance: impl FnMut() -> f64) -> Vec<Endpoint> {
    let mut keyed: Vec<_> = records
        .into_iter()
        .map(|record| (record.priority, -chance().ln() / (f64::from(record.weight) + 0.01), record.endpoint))
        .collect();
    keyed.sort_by(|(a, a_key, _), (b, b_key, _)| a.cmp(b).then(a_key.total_cmp(b_key)));
    keyed.into_iter().map(|(_, _, endpoint)| endpoint).collect()
}

#[cfg(test)]
mod tests {
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;

    use super::*;

    #[test]
    fn priority_comes_before_weight_and_weight_is_a_matter_of_chance() {
        let record = |priority, weight, host: &str| Record { priority, weight, endpoint: Endpoint::new(host, 389) };
        let records = || vec![record(2, 100, "spare"), record(1, 10, "light"), record(1, 90, "heavy")];
        let mut random = fastrand::Rng::with_seed(7);
        let mut heavy_first = 0;
        for _ in 0..1000 {
            let order = in_order(records(), || random.f64());
            assert_eq!(order[2].host, "spare");
            heavy_first += usize::from(order[0].host == "heavy");
        }
        assert!((850..950).contains(&heavy_first), "{heavy_first} of 1000 for a weight of 90 in 100");
    }

    /// A DNS server that answers every question with these: priority, weight, port, host.
    async fn dns(records: &'static [(u16, u16, u16, &str)]) -> TokioResolver {
        let socket = tokio::net::UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let port = socket.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut bytes = [0; 512];
            while let Ok((_, from)) = socket.recv_from(&mut bytes).await {
                socket.send_to(&answer(&bytes, records), from).await.unwrap();
            }
        });
        let mut connection = ConnectionConfig::udp();
        connection.port = port;
        let server = NameServerConfig::new([127, 0, 0, 1].into(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap()
    }

    /// The answer to a question (RFC 1035 §4, RFC 2782).
    fn answer(question: &[u8], records: &[(u16, u16, u16, &str)]) -> Vec<u8> {
        let name = question[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
        let asked = &question[12..12 + name + 4];
        let count = u8::try_from(records.len()).unwrap();
        let mut bytes = [&question[..2], &[0x85, 0x80, 0, 1, 0, count, 0, 0, 0, 0], asked].concat();
        for (priority, weight, port, host) in records {
            let mut data = [priority, weight, port].map(|number| number.to_be_bytes()).concat();
            for label in host.split('.').filter(|label| !label.is_empty()) {
                data.push(u8::try_from(label.len()).unwrap());
                data.extend_from_slice(label.as_bytes());
            }
            data.push(0);
            bytes.extend([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60]);
            bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend(data);
        }
        bytes
    }

    #[tokio::test]
    async fn servers_are_found_in_the_dns_and_kept_when_it_is_silent() {
        let srv = async |records| Srv::new("example.com").asking(dns(records).await);
        let found = srv(&[
            (10, 5, 636, "dc2.example.com"),
            (0, 100, 389, "dc1.example.com"),
            (20, 0, 1, ""),
            (0, 1, 389, "evil.example.net"),
        ])
        .await;
        let now = Instant::now();
        let expected = [Endpoint::new("dc1.example.com", 389), Endpoint::new("dc2.example.com", 636)];
        assert_eq!(found.endpoints(now).await.unwrap(), expected);
        assert_eq!(found.count(), 2);
        let silent = found.asking(dns(&[]).await);
        assert_eq!(silent.endpoints(now + KEPT_FOR).await.unwrap(), expected, "what was found before");
        let none = srv(&[]).await.endpoints(now).await.unwrap_err();
        assert!(none.starts_with("_ldap._tcp.example.com.: "), "{none}");
    }

    #[test]
    fn servers_lie_within_the_domain() {
        let cases = [
            ("example.com", "dc1.example.com", true),
            ("example.com", "DC1.Example.COM", true),
            ("example.com", "example.com", true),
            ("_ldap._tcp.dc._msdcs.example.com", "dc1.example.com", true),
            ("example.com", "dc1.evilexample.com", false),
            ("example.com", "example.com.evil.net", false),
            ("example.com", "com", false),
            ("example.com", "", false),
            ("_ldap._tcp", "dc1", false),
        ];
        for (domain, host, expected) in cases {
            assert_eq!(Srv::new(domain).is_within(host), expected, "{host} of {domain}");
        }
    }

    #[test]
    fn a_domain_stands_for_its_ldap_service() {
        for (written, name) in [
            ("example.com", "_ldap._tcp.example.com."),
            ("example.com.", "_ldap._tcp.example.com."),
            ("_ldap._tcp.dc._msdcs.example.com", "_ldap._tcp.dc._msdcs.example.com."),
        ] {
            assert_eq!(Srv::new(written).name, name);
        }
    }
}
