//! Which resource keeps which kind of record (storage spec, 9.4).

use dex_model::Kind;

/// The group of all our resources.
pub(crate) const GROUP: &str = "dex.coreos.com";

/// Their only version.
pub(crate) const VERSION: &str = "v1";

/// A custom resource.
#[derive(Debug)]
pub(crate) struct Resource {
    /// `kind` of its objects.
    pub(crate) kind: &'static str,
    /// Its name in URLs and rules.
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    /// What `kubectl get` shows of an object: a heading and a member; one in `TIMES` is shown as an age.
    pub(crate) columns: &'static [(&'static str, &'static str)],
}

/// Members that hold a time.
pub(crate) const TIMES: &[&str] = &[
    "expiry",
    "CreatedAt",
    "LastUsed",
    "nextRotation",
    "last_request",
    "createdAt",
    "lastLogin",
    "lastActivity",
    "idleExpiry",
];

const CLIENT: (&str, &str) = ("Client", "clientID");
const CONNECTOR: (&str, &str) = ("Connector", "connectorID");
const USER: (&str, &str) = ("User", "claims.username");
const EXPIRES: (&str, &str) = ("Expires", "expiry");

/// The resource of a kind. No column shows a secret; what a name gives away, a listing without columns does too.
pub(crate) fn resource(kind: Kind) -> &'static Resource {
    match kind {
        Kind::AuthCode => &Resource {
            kind: "AuthCode",
            plural: "authcodes",
            singular: "authcode",
            columns: &[CLIENT, CONNECTOR, USER, EXPIRES],
        },
        Kind::AuthRequest => &Resource {
            kind: "AuthRequest",
            plural: "authrequests",
            singular: "authrequest",
            columns: &[CLIENT, CONNECTOR, ("Logged In", "loggedIn"), EXPIRES],
        },
        Kind::Client => &Resource {
            kind: "OAuth2Client",
            plural: "oauth2clients",
            singular: "oauth2client",
            columns: &[("ID", "id"), ("Client Name", "name"), ("Public", "public")],
        },
        Kind::Keys => &Resource {
            kind: "SigningKey",
            plural: "signingkeies",
            singular: "signingkey",
            columns: &[("Next Rotation", "nextRotation")],
        },
        Kind::RefreshToken => &Resource {
            kind: "RefreshToken",
            plural: "refreshtokens",
            singular: "refreshtoken",
            columns: &[CLIENT, CONNECTOR, USER, ("Last Used", "LastUsed")],
        },
        Kind::Password => &Resource {
            kind: "Password",
            plural: "passwords",
            singular: "password",
            columns: &[("Email", "email"), ("Username", "username"), ("User ID", "userID")],
        },
        Kind::OfflineSessions => &Resource {
            kind: "OfflineSessions",
            plural: "offlinesessionses",
            singular: "offlinesessions",
            columns: &[("User ID", "userID"), ("Connector", "connID")],
        },
        Kind::Connector => &Resource {
            kind: "Connector",
            plural: "connectors",
            singular: "connector",
            columns: &[("Type", "type"), ("Connector Name", "name")],
        },
        Kind::DeviceRequest => &Resource {
            kind: "DeviceRequest",
            plural: "devicerequests",
            singular: "devicerequest",
            columns: &[("Client", "client_id"), EXPIRES],
        },
        Kind::DeviceToken => &Resource {
            kind: "DeviceToken",
            plural: "devicetokens",
            singular: "devicetoken",
            columns: &[("Status", "status"), EXPIRES],
        },
        Kind::UserIdentity => &Resource {
            kind: "UserIdentity",
            plural: "useridentities",
            singular: "useridentity",
            columns: &[("User ID", "userID"), CONNECTOR, USER, ("Last Login", "lastLogin")],
        },
        Kind::AuthSession => &Resource {
            kind: "AuthSession",
            plural: "authsessions",
            singular: "authsession",
            columns: &[
                ("User ID", "userID"),
                CONNECTOR,
                ("Last Activity", "lastActivity"),
                ("Idle Expiry", "idleExpiry"),
            ],
        },
        Kind::Spent => {
            &Resource { kind: "SpentMark", plural: "spentmarks", singular: "spentmark", columns: &[EXPIRES] }
        }
    }
}
