//! Which resource keeps which kind of record (storage spec, 9.4).

use dex_model::Kind;

/// The group of all our resources.
pub(crate) const GROUP: &str = "dex.coreos.com";

/// Their only version.
pub(crate) const VERSION: &str = "v1";

/// A custom resource.
#[derive(Debug, Clone, Copy)]
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
const USER_ID: (&str, &str) = ("User ID", "userID");
const EXPIRES: (&str, &str) = ("Expires", "expiry");

/// The resource of a kind.
pub(crate) fn resource(kind: Kind) -> Resource {
    let (name, plural, singular) = match kind {
        Kind::AuthCode => ("AuthCode", "authcodes", "authcode"),
        Kind::AuthRequest => ("AuthRequest", "authrequests", "authrequest"),
        Kind::Client => ("OAuth2Client", "oauth2clients", "oauth2client"),
        Kind::Keys => ("SigningKey", "signingkeies", "signingkey"),
        Kind::RefreshToken => ("RefreshToken", "refreshtokens", "refreshtoken"),
        Kind::Password => ("Password", "passwords", "password"),
        Kind::OfflineSessions => ("OfflineSessions", "offlinesessionses", "offlinesessions"),
        Kind::Connector => ("Connector", "connectors", "connector"),
        Kind::DeviceRequest => ("DeviceRequest", "devicerequests", "devicerequest"),
        Kind::DeviceToken => ("DeviceToken", "devicetokens", "devicetoken"),
        Kind::UserIdentity => ("UserIdentity", "useridentities", "useridentity"),
        Kind::AuthSession => ("AuthSession", "authsessions", "authsession"),
        Kind::Spent => ("SpentMark", "spentmarks", "spentmark"),
    };
    Resource { kind: name, plural, singular, columns: columns(kind) }
}

/// No column shows a secret; what a name gives away, a listing without columns does too.
fn columns(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::AuthCode => &[CLIENT, CONNECTOR, USER, EXPIRES],
        Kind::AuthRequest => &[CLIENT, CONNECTOR, ("Logged In", "loggedIn"), EXPIRES],
        Kind::Client => &[("ID", "id"), ("Client Name", "name"), ("Public", "public")],
        Kind::Keys => &[("Next Rotation", "nextRotation")],
        Kind::RefreshToken => &[CLIENT, CONNECTOR, USER, ("Last Used", "LastUsed")],
        Kind::Password => &[("Email", "email"), ("Username", "username"), USER_ID],
        Kind::OfflineSessions => &[USER_ID, ("Connector", "connID")],
        Kind::Connector => &[("Type", "type"), ("Connector Name", "name")],
        Kind::DeviceRequest => &[("Client", "client_id"), EXPIRES],
        Kind::DeviceToken => &[("Status", "status"), EXPIRES],
        Kind::UserIdentity => &[USER_ID, CONNECTOR, USER, ("Last Login", "lastLogin")],
        Kind::AuthSession => &[USER_ID, CONNECTOR, ("Last Activity", "lastActivity"), ("Idle Expiry", "idleExpiry")],
        Kind::Spent => &[EXPIRES],
    }
}
