//! Published examples. Signing is compared where the algorithm is deterministic.

use dex_jose::{
    Algorithm, KeySet, PublicKey, SigningKey, attach_signature, parse_unverified_payload, sha256, signing_input,
};

const BILBO: &str = "bilbo.baggins@hobbiton.example";

/// RFC 7520 section 4: the payload of all its signatures.
const FRODO: &str = "It\u{2019}s a dangerous business, Frodo, going out your door. You step onto the road, and if you don't keep your feet, there\u{2019}s no knowing where you might be swept off to.";

/// RFC 7520 section 4, figure 8.
const FRODO_ENCODED: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";

/// RFC 7520 section 3.4, in the order of Dex and with the `alg` that Dex infers.
pub(crate) const RSA_PRIVATE: &str = concat!(
    r#"{"use":"sig","kty":"RSA","kid":"bilbo.baggins@hobbiton.example","alg":"RS256","#,
    r#""n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw","#,
    r#""e":"AQAB","#,
    r#""d":"bWUC9B-EFRIo8kpGfh0ZuyGPvMNKvYWNtB_ikiH9k20eT-O1q_I78eiZkpXxXQ0UTEs2LsNRS-8uJbvQ-A1irkwMSMkK1J3XTGgdrhCku9gRldY7sNA_AKZGh-Q661_42rINLRCe8W-nZ34ui_qOfkLnK9QWDDqpaIsA-bMwWWSDFu2MUBYwkHTMEzLYGqOe04noqeq1hExBTHBOBdkMXiuFhUq1BU6l-DqEiWxqg82sXt2h-LMnT3046AOYJoRioz75tSUQfGCshWTBnP5uDjd18kKhyv07lhfSJdrPdM5Plyl21hsFf4L_mHCuoFau7gdsPfHPxxjVOcOpBrQzwQ","#,
    r#""p":"3Slxg_DwTXJcb6095RoXygQCAZ5RnAvZlno1yhHtnUex_fp7AZ_9nRaO7HX_-SFfGQeutao2TDjDAWU4Vupk8rw9JR0AzZ0N2fvuIAmr_WCsmGpeNqQnev1T7IyEsnh8UMt-n5CafhkikzhEsrmndH6LxOrvRJlsPp6Zv8bUq0k","#,
    r#""q":"uKE2dh-cTf6ERF4k4e_jy78GfPYUIaUyoSSJuBzp3Cubk3OCqs6grT8bR_cu0Dm1MZwWmtdqDyI95HrUeq3MP15vMMON8lHTeZu2lmKvwqW7anV5UzhM1iZ7z4yMkuUwFWoBvyY898EXvRD-hdqRxHlSqAZ192zB3pVFJ0s7pFc","#,
    r#""dp":"B8PVvXkvJrj2L-GYQ7v3y9r6Kw5g9SahXBwsWUzp19TVlgI-YV85q1NIb1rxQtD-IsXXR3-TanevuRPRt5OBOdiMGQp8pbt26gljYfKU_E9xn-RULHz0-ed9E9gXLKD4VGngpz-PfQ_q29pk5xWHoJp009Qf1HvChixRX59ehik","#,
    r#""dq":"CLDmDGduhylc9o7r84rEUVn7pzQ6PF83Y-iBZx5NT-TpnOZKF1pErAMVeKzFEl41DlHHqqBLSM0W1sOFbwTxYWZDm6sI6og5iTbwQGIC3gnJKbi_7k_vJgGHwHxgPaX2PnvP-zyEkDERuf-ry4c_Z11Cq9AqC2yeL6kdKT1cYF8","#,
    r#""qi":"3PiqvXQN0zwMeE-sBvZgi289XP9XCQF3VWqPzMKnIgQp7_Tugo6-NZBKCQsMf3HaEGBjTVJs_jcK8-TRXvaKe-7ZMaQj8VfBdYkssbu0NKDDhjJ-GtiseaDVWt7dcH0cfwxgFUHpQh7FoCrjFJ6h6ZEpMF6xmujs4qMpPz8aaI4"}"#,
);

/// RFC 7520 section 3.2, in the order of Dex and with the `alg` that Dex infers. Its scalar begins with a zero byte.
pub(crate) const P521_PRIVATE: &str = concat!(
    r#"{"use":"sig","kty":"EC","kid":"bilbo.baggins@hobbiton.example","crv":"P-521","alg":"ES512","#,
    r#""x":"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt","#,
    r#""y":"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1","#,
    r#""d":"AAhRON2r9cqXX1hg-RoI6R1tX5p2rUAYdmpHZoC1XNM56KtscrX6zbKipQrCW9CGZH3T4ubpnoTKLDYJ_fF3_rJt"}"#,
);

/// RFC 7515 appendix A.3.1, in the order of Dex; the `kid` is ours.
pub(crate) const P256_PRIVATE: &str = concat!(
    r#"{"use":"sig","kty":"EC","kid":"a3","crv":"P-256","alg":"ES256","#,
    r#""x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#,
    r#""y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","#,
    r#""d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#,
);

/// RFC 8037 appendix A.1, in the order of Dex; the `kid` is ours.
pub(crate) const ED25519_PRIVATE: &str = concat!(
    r#"{"use":"sig","kty":"OKP","kid":"a1","crv":"Ed25519","alg":"EdDSA","#,
    r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","#,
    r#""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#,
);

fn verify(token: &str, key: PublicKey, alg: Algorithm) -> Vec<u8> {
    let verified = KeySet::new(vec![key]).verify_compact(token, &[alg]).unwrap();
    assert_eq!(verified.algorithm, alg);
    verified.payload
}

/// The half without `alg`, as the RFC has it: an RSA key then verifies all of RS* and PS*.
fn without_alg(key: &SigningKey) -> PublicKey {
    let json = key.public().to_jwk_json().replace(&format!(r#""alg":"{}","#, key.algorithm()), "");
    PublicKey::from_jwk_json(&json).unwrap()
}

#[test]
fn rfc7520_4_1_rs256_signs_and_verifies() {
    let signature = "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";
    let header = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    let token = format!("{header}.{FRODO_ENCODED}.{signature}");
    let key = SigningKey::from_jwk_json(RSA_PRIVATE).unwrap();
    assert_eq!(key.kid(), BILBO);
    assert_eq!(key.sign_compact(FRODO.as_bytes()).unwrap(), token);
    assert_eq!(verify(&token, without_alg(&key), Algorithm::RS256), FRODO.as_bytes());
}

#[test]
fn rfc7520_4_2_ps384_verifies() {
    let signature = "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw";
    let header = "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    let token = format!("{header}.{FRODO_ENCODED}.{signature}");
    let key = without_alg(&SigningKey::from_jwk_json(RSA_PRIVATE).unwrap());
    assert_eq!(verify(&token, key, Algorithm::PS384), FRODO.as_bytes());
}

#[test]
fn rfc7520_4_3_es512_verifies() {
    let signature = "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2";
    let header = "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9";
    let token = format!("{header}.{FRODO_ENCODED}.{signature}");
    let key = SigningKey::from_jwk_json(P521_PRIVATE).unwrap();
    assert_eq!(verify(&token, key.public(), Algorithm::ES512), FRODO.as_bytes());
}

#[test]
fn rfc7515_a_3_es256_verifies_without_a_kid() {
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let key = SigningKey::from_jwk_json(P256_PRIVATE).unwrap();
    let payload = verify(token, key.public(), Algorithm::ES256);
    assert!(payload.starts_with(b"{\"iss\":\"joe\",\r\n"));
    let claims = parse_unverified_payload(token).unwrap();
    assert_eq!(claims["exp"], 1_300_819_380);
}

#[test]
fn rfc8037_a_4_eddsa_signs_and_verifies() {
    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let key = SigningKey::from_jwk_json(ED25519_PRIVATE).unwrap();
    let input = signing_input("eyJhbGciOiJFZERTQSJ9", b"Example of Ed25519 signing");
    let signature = key.sign(input.as_bytes()).unwrap();
    assert_eq!(attach_signature(input, &signature), signed);
    verify(signed, key.public(), Algorithm::EdDSA);
}

#[test]
fn thumbprints() {
    let example = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    let public = |private: &str| SigningKey::from_jwk_json(private).unwrap().public();
    let cases = [
        (
            "RFC 7638 section 3.1",
            PublicKey::from_jwk_json(example).unwrap(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        ),
        ("RFC 8037 appendix A.3", public(ED25519_PRIVATE), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        ("key of RFC 7520 section 3.1", public(P521_PRIVATE), "dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M"),
    ];
    for (told, key, expected) in cases {
        assert_eq!(key.thumbprint(), expected, "{told}");
    }
}

#[test]
fn rfc7636_appendix_b_challenge_is_the_sha256_of_its_verifier() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let challenge = sha256(b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(URL_SAFE_NO_PAD.encode(challenge), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}
