//! A configuration object as one of our structs.

use std::fmt;

use dex_connector::UpstreamError;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Visitor};
use serde_json::{Map, Value};

/// Reads a connector's configuration.
///
/// Keys match in any case and the last of several spellings counts; `null` is as good as absent; a number or a boolean is
/// taken for a text where a text belongs (connectors-platform spec, 1.4). Unknown keys are ignored here: they were told of
/// when the file was read. Give the struct `#[serde(default)]`.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] with the name of the key that does not fit, and never a value.
pub fn read_config<T: DeserializeOwned>(config: &Value) -> Result<T, UpstreamError> {
    let empty = Value::Object(Map::new());
    let config = if config.is_null() { &empty } else { config };
    T::deserialize(Lenient(config))
        .map_err(|error| UpstreamError::Misconfigured(format!("parse connector config: {error}")))
}

/// Why a value does not fit: where, and what was expected instead.
#[derive(Debug)]
struct Misfit {
    path: String,
    text: String,
}

impl Misfit {
    fn inside(mut self, key: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{key}{dot}{}", self.path);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => f.write_str(&self.text),
            false => write!(f, "{}: {}", self.path, self.text),
        }
    }
}

impl std::error::Error for Misfit {}

impl serde::de::Error for Misfit {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self { path: String::new(), text: text.to_string() }
    }

    /// The usual text quotes the value.
    fn invalid_type(_: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::custom(format_args!("it is not {expected}"))
    }

    fn invalid_value(_: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::custom(format_args!("it is not {expected}"))
    }
}

/// A value whose keys are matched leniently.
#[derive(Clone, Copy)]
struct Lenient<'a>(&'a Value);

impl<'a> IntoDeserializer<'a, Misfit> for Lenient<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'a> Lenient<'a> {
    fn seq<V: Visitor<'a>>(values: &'a [Value], visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_seq(SeqDeserializer::new(values.iter().map(Lenient)))
    }

    fn text(self) -> Option<String> {
        match self.0 {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Null => Some(String::new()),
            Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl<'a> serde::Deserializer<'a> for Lenient<'a> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (_, _, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::Array(values) => Self::seq(values, visitor),
            Value::Object(members) => {
                let members = members.iter().map(|(key, value)| (key.as_str(), Lenient(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let Value::Object(members) = self.0 else {
            return Err(Misfit::custom("it is not a block of keys"));
        };
        let known = |field: &&'static str| {
            let spelled = members.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(field));
            spelled.filter(|(_, value)| !value.is_null()).map(|(_, value)| (*field, value))
        };
        let present = fields.iter().filter_map(known);
        visitor.visit_map(Members { present: present.collect::<Vec<_>>().into_iter(), value: None })
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.text() {
            Some(text) => visitor.visit_string(text),
            None => Err(Misfit::custom("it is not a text")),
        }
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::String(text) if text == "true" || text == "false" => visitor.visit_bool(text == "true"),
            _ => Err(Misfit::custom("it is neither true nor false")),
        }
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Array(values) => Self::seq(values, visitor),
            Value::Null => Self::seq(&[], visitor),
            _ => Err(Misfit::custom("it is not a list")),
        }
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(Misfit::custom("it is not a text")),
        }
    }

    serde::forward_to_deserialize_any! {
        <V: Visitor<'a>>
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct map
        identifier ignored_any
    }
}

/// The members of a struct that are given, under the struct's own spelling.
struct Members<'a, I> {
    present: I,
    value: Option<(&'static str, &'a Value)>,
}

impl<'a, I: Iterator<Item = (&'static str, &'a Value)>> serde::de::MapAccess<'a> for Members<'a, I> {
    type Error = Misfit;

    fn next_key_seed<K: serde::de::DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        self.value = self.present.next();
        self.value.map(|(key, _)| seed.deserialize(key.into_deserializer())).transpose()
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let (key, value) = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(Lenient(value)).map_err(|misfit| misfit.inside(key))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::Secret;

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Config {
        #[serde(rename = "clientID")]
        client_id: String,
        client_secret: Secret,
        scopes: Vec<String>,
        prompt_type: Option<String>,
        insecure: bool,
        orgs: Vec<Org>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Org {
        name: String,
    }

    #[test]
    fn keys_match_in_any_case_and_nulls_are_absent() {
        let config: Config = read_config(&json!({
            "CLIENTID": "first", "clientid": 12345678, "clientSecret": null, "Scopes": null, "promptType": "",
            "insecure": "true", "ORGS": [{"NAME": true}, {}], "unknown": {"a": []}
        }))
        .unwrap();
        assert_eq!((config.client_id.as_str(), config.prompt_type.as_deref()), ("12345678", Some("")));
        assert!(config.client_secret.is_empty() && config.scopes.is_empty() && config.insecure);
        assert_eq!(config.orgs.iter().map(|org| org.name.as_str()).collect::<Vec<_>>(), ["true", ""]);
        assert!(read_config::<Config>(&Value::Null).unwrap().prompt_type.is_none());
    }

    #[test]
    fn what_does_not_fit_is_named_and_not_quoted() {
        let cases = [
            (json!({"clientSecret": ["hunter2"]}), "clientSecret: it is not a text"),
            (json!({"scopes": "openid"}), "scopes: it is not a list"),
            (json!({"orgs": [{"name": {"hunter2": 1}}]}), "orgs.name: it is not a text"),
            (json!({"insecure": 1}), "insecure: it is neither true nor false"),
            (json!("hunter2"), "it is not a block of keys"),
        ];
        for (config, expected) in cases {
            let error = read_config::<Config>(&config).unwrap_err().to_string();
            assert!(error.ends_with(expected) && !error.contains("hunter2"), "{error}");
        }
    }
}
