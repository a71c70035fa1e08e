use std::time::Duration;

use dex_config::StorageConfig;

use crate::try_load;

const REST: &str = "\nissuer: https://a\nweb: {http: ':1'}\n";

fn storage(text: &str) -> StorageConfig {
    let loaded = try_load(&format!("storage: {text}{REST}"), &[("PW", "p$w")]);
    loaded.unwrap_or_else(|errors| panic!("{errors}")).storage
}

#[test]
fn every_kind_is_read_with_its_keys() {
    assert_eq!(storage("{type: memory}"), StorageConfig::Memory);
    let file = "/var/dex/dex.db".to_owned();
    let read = storage("{type: sqlite3, config: {file: /var/dex/dex.db}}");
    assert_eq!(read, StorageConfig::Sqlite3 { file });
    let read = storage(
        "{type: postgres, config: {Host: db, PORT: '6543', database: d, user: u, password: $PW, \
         connectionTimeout: 5, maxOpenConns: 7, maxIdleConns: -1, connMaxLifetime: 60, \
         ssl: {mode: disable, caFile: a, certFile: b, keyFile: c}}}",
    );
    let StorageConfig::Postgres(db) = &read else { panic!("{read:?}") };
    assert_eq!((db.host.as_str(), db.port), ("db", 6543));
    assert_eq!((db.database.as_str(), db.user.as_str()), ("d", "u"));
    assert_eq!(db.password.expose(), "p$w");
    assert_eq!(db.connection_timeout, Duration::from_secs(5));
    assert_eq!((db.max_open_conns, db.max_idle_conns), (7, -1));
    assert_eq!(db.conn_max_lifetime, Duration::from_secs(60));
    assert_eq!(db.ssl_mode, "disable");
    assert_eq!((db.ssl.ca.as_str(), db.ssl.cert.as_str(), db.ssl.key.as_str()), ("a", "b", "c"));
    assert!(!format!("{read:?}").contains("p$w"));
    let read = storage("{type: kubernetes, config: {inCluster: true, crdHandling: check}}");
    let StorageConfig::Kubernetes(kubernetes) = read else { panic!("{read:?}") };
    assert_eq!((kubernetes.kube_config_file, kubernetes.create_crds), (None, false));
    let read = storage(
        "{type: etcd, config: {endpoints: [http://a:2379], namespace: dex/, username: u, \
         password: $PW, ssl: {serverName: n, caFile: a}}}",
    );
    let StorageConfig::Etcd(etcd) = read else { panic!("{read:?}") };
    assert_eq!(etcd.endpoints, ["http://a:2379"]);
    assert_eq!((etcd.namespace.as_str(), etcd.server_name.as_str()), ("dex/", "n"));
    assert_eq!(etcd.password.expose(), "p$w");
}

#[test]
fn a_port_in_the_host_wins() {
    let cases = [
        ("host: coreos.com:6543", "coreos.com", 6543),
        ("host: coreos.com:6543, port: 1", "coreos.com", 6543),
        ("host: '[::1]:6543'", "::1", 6543),
        ("host: '::1', port: 6543", "::1", 6543),
        ("host: 1.2.3.4, port: 65535", "1.2.3.4", 65535),
        ("host: /run/postgresql, port: 5433", "/run/postgresql", 5433),
        ("database: d", "", 0),
    ];
    for (keys, host, port) in cases {
        let read = storage(&format!("{{type: mysql, config: {{{keys}}}}}"));
        let StorageConfig::Mysql(db) = read else { panic!("{keys}") };
        assert_eq!((db.host.as_str(), db.port), (host, port), "{keys}");
    }
}

#[test]
fn storages_are_refused_where_they_are_wrong() {
    let cases = [
        (
            "{type: redis}",
            "dex.yaml:1:17: storage.type: unknown storage type \"redis\"; \
             write one of memory, sqlite3, postgres, mysql, kubernetes, etcd",
        ),
        (
            "{config: {}}",
            "dex.yaml:1:10: storage.type: unknown storage type \"\"; \
             write one of memory, sqlite3, postgres, mysql, kubernetes, etcd",
        ),
        (
            "{type: postgres, config: [a]}",
            "dex.yaml:1:35: storage.config: must be a block of keys, not a list; write `key: value` lines below it",
        ),
        (
            "{type: mysql, config: {port: 65536}}",
            "dex.yaml:1:39: storage.config.port: is not between 0 and 65535; write 5432 or 3306",
        ),
        (
            "{type: mysql, config: {port: many}}",
            "dex.yaml:1:39: storage.config.port: must be a whole number, not this text; write digits only",
        ),
        (
            "{type: mysql, config: {connectionTimeout: -1}}",
            "dex.yaml:1:52: storage.config.connectionTimeout: must not be negative; write a number of seconds",
        ),
        (
            "{type: kubernetes, config: {}}",
            "dex.yaml:1:37: storage.config.inCluster: must specify either 'inCluster' or 'kubeConfigFile'; \
             write `inCluster: true` when dex runs in the cluster",
        ),
        (
            "{type: kubernetes, config: {inCluster: true, kubeConfigFile: a}}",
            "dex.yaml:1:71: storage.config.kubeConfigFile: cannot specify both 'inCluster' and 'kubeConfigFile'; remove one of them",
        ),
        (
            "{type: kubernetes, config: {inCluster: true, crdHandling: no}}",
            "dex.yaml:1:68: storage.config.crdHandling: invalid crdHandling value; write ensure or check",
        ),
        (
            "{type: etcd, config: {}}",
            "dex.yaml:1:31: storage.config.endpoints: etcdclient: no available endpoints; \
             list client URLs, such as http://127.0.0.1:2379",
        ),
        (
            "{type: etcd, config: {endpoints: [a], ssl: {certFile: a}}}",
            "dex.yaml:1:64: storage.config.ssl.certFile: certFile and keyFile come together; name both or none",
        ),
    ];
    for (text, expected) in cases {
        let refused = try_load(&format!("storage: {text}{REST}"), &[]).expect_err(text);
        assert_eq!(refused, expected);
    }
}
