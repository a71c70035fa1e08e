use std::time::Duration;

use dex_model::{SessionLogin, SessionPolicy, Timestamp, TokenSecret};

use super::*;
use Decision::*;

fn session(connector_id: &str) -> AuthSession {
    let hour = Duration::from_secs(3600);
    let policy = SessionPolicy { absolute_lifetime: hour, idle_lifetime: hour };
    let login = SessionLogin { client_id: "web", ip_address: "", user_agent: "", now: Timestamp::UNIX_EPOCH };
    AuthSession::begin(("s".into(), TokenSecret::new("secret")), ("jane", connector_id), &login, &policy)
}

#[test]
fn a_session_is_worth_what_the_request_leaves_of_it() {
    let (ours, elsewhere) = (session("ldap"), session("github"));
    let (jane, joe) = (subject("jane", "ldap"), subject("joe", "ldap"));
    let (jane, joe) = (Some(jane.as_str()), Some(joe.as_str()));
    let (here, there) = (Some(&ours), Some(&elsewhere));
    let cases = [
        // prompt, max_age, hint, session, decision
        ("", None, None, here, Use(&ours)),
        ("", None, None, there, Ask),
        ("", None, None, None, Ask),
        ("", Some(0), None, here, Ask),
        ("", Some(1), None, here, Use(&ours)),
        ("", None, jane, here, Use(&ours)),
        ("", None, joe, here, Ask),
        ("", None, joe, None, Ask),
        ("consent", None, None, here, Use(&ours)),
        ("login", None, None, here, Ask),
        ("login consent", None, jane, here, Ask),
        ("login", None, None, None, Ask),
        ("select_account", None, None, here, Choose),
        ("select_account", None, None, None, Choose),
        ("select_account", None, jane, here, Choose),
        ("login select_account", None, None, here, Choose),
        ("none", None, None, here, Use(&ours)),
        ("none", Some(60), jane, here, Use(&ours)),
        ("none", Some(0), None, here, Refuse(NOBODY)),
        ("none", None, None, there, Refuse(NOBODY)),
        ("none", None, None, None, Refuse(NOBODY)),
        ("none", None, jane, None, Refuse(NOBODY)),
        ("none", None, joe, here, Refuse(SOMEBODY_ELSE)),
    ];
    for (prompt, max_age, hint, session, expected) in cases {
        let decision = decide((Prompt::parse(prompt).unwrap(), max_age), hint, session, "ldap");
        assert_eq!(decision, expected, "{prompt:?} {max_age:?} {hint:?} {:?}", session.map(|s| &s.connector_id));
    }
}

#[test]
fn who_has_chosen_logs_in_and_who_goes_back_chooses_with_what_was_asked() {
    let form = |prompt: &str| Form::of([("prompt", prompt), ("state", "s")]);
    let cases = [
        // prompt, once chosen
        ("", ""),
        ("consent", "consent"),
        ("select_account", "login"),
        ("consent select_account", "login consent"),
        ("login select_account", "login"),
    ];
    for (before, after) in cases {
        let chosen = chosen(&form(before), Prompt::parse(before).unwrap());
        assert_eq!((chosen.get("prompt"), chosen.get("state")), (after, "s"), "{before}");
        assert_eq!(chosen.repeated(&["prompt"]), None);
    }
}
