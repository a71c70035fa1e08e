//! Base64, base32, JSON and checksums.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gotmpl::Value;
use serde_json::Value as Json;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::args::{exactly, made_dict, made_list, made_text, text};
use super::{Function, Outcome};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("b64enc", |args| made_text(STANDARD.encode(only(args)?.as_bytes()))),
    ("b64dec", b64dec),
    ("b32enc", |args| made_text(base32(only(args)?.as_bytes()))),
    ("b32dec", b32dec),
    ("toJson", |args| json_text(args, false).and_then(|text| made_text(escaped(&text)))),
    ("mustToJson", |args| json_text(args, false).and_then(|text| made_text(escaped(&text)))),
    ("toPrettyJson", |args| json_text(args, true).and_then(|text| made_text(escaped(&text)))),
    ("mustToPrettyJson", |args| json_text(args, true).and_then(|text| made_text(escaped(&text)))),
    ("toRawJson", |args| json_text(args, false).and_then(made_text)),
    ("mustToRawJson", |args| json_text(args, false).and_then(made_text)),
    ("fromJson", from_json),
    ("mustFromJson", from_json),
    ("sha1sum", |args| made_text(hex(&Sha1::digest(only(args)?.as_bytes())))),
    ("sha256sum", |args| made_text(hex(&Sha256::digest(only(args)?.as_bytes())))),
    ("sha512sum", |args| made_text(hex(&Sha512::digest(only(args)?.as_bytes())))),
    ("adler32sum", |args| made_text(adler32(only(args)?.as_bytes()).to_string())),
];

fn only(args: &[Value]) -> Result<String, String> {
    Ok(text(&exactly::<1>(args)?[0]).into_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What cannot be decoded is answered by its error text, as in Sprig.
fn b64dec(args: &[Value]) -> Outcome {
    match STANDARD.decode(only(args)?) {
        Ok(bytes) => made_text(String::from_utf8_lossy(&bytes)),
        Err(error) => made_text(error.to_string()),
    }
}

/// RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let mut encoded = String::new();
    for group in bytes.chunks(5) {
        let mut padded = [0_u8; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(padded);
        let digits = (group.len() * 8).div_ceil(5);
        for at in 0..8 {
            let five = usize::try_from((bits >> (35 - 5 * at)) & 31).unwrap_or(0);
            encoded.push(if at < digits { char::from(BASE32[five]) } else { '=' });
        }
    }
    encoded
}

fn b32dec(args: &[Value]) -> Outcome {
    let encoded = only(args)?;
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for digit in encoded.trim_end_matches('=').bytes() {
        let Some(five) = BASE32.iter().position(|known| *known == digit) else {
            return made_text("illegal base32 data");
        };
        bits = ((bits << 5) | u32::try_from(five).unwrap_or(0)) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap_or(0));
        }
    }
    made_text(String::from_utf8_lossy(&bytes))
}

/// RFC 1950 §9.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % MODULUS;
        (a, (b + a) % MODULUS)
    });
    (b << 16) | a
}

fn json_text(args: &[Value], pretty: bool) -> Result<String, String> {
    let json = to_json(&exactly::<1>(args)?[0]);
    let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
    text.map_err(|error| error.to_string())
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Nil | Value::Function(_) => Json::Null,
        Value::Bool(yes) => Json::Bool(*yes),
        Value::Int(number) => Json::from(*number),
        Value::Uint(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::String(text) | Value::Safe { s: text, .. } => Json::from(text.as_ref()),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => map.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect(),
    }
}

/// As Go writes JSON: harmless inside a script.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn from_json(args: &[Value]) -> Outcome {
    let json: Json = serde_json::from_str(&only(args)?).map_err(|error| error.to_string())?;
    from_json_value(&json)
}

fn from_json_value(json: &Json) -> Outcome {
    match json {
        Json::Null => Ok(Value::Nil),
        Json::Bool(yes) => Ok(Value::Bool(*yes)),
        Json::Number(number) => Ok(Value::Float(number.as_f64().unwrap_or(0.0))),
        Json::String(text) => made_text(text),
        Json::Array(items) => {
            let items: Result<Vec<Value>, String> = items.iter().map(from_json_value).collect();
            made_list(items?)
        }
        Json::Object(map) => {
            let pairs = map.iter().map(|(name, value)| Ok((name.as_str().into(), from_json_value(value)?)));
            Ok(made_dict(pairs.collect::<Result<_, String>>()?))
        }
    }
}
