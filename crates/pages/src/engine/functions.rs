//! Functions every template may call, besides Go's own: `issuer`, `logo`, `extra`, `url`, `asset`.

use std::sync::Arc;

use gotmpl::html::URL;
use gotmpl::{FuncMap, TemplateError, Value, ValueFunc};

use super::relative_url::relative_url;
use crate::assets::Assets;
use crate::frontend::{DEFAULT_LOGO, Frontend};

type Outcome = Result<Value, TemplateError>;

/// The functions of Dex, and ours: `asset`, `default_logo` and `lower`.
///
/// Ours and Dex's override sprig's of the same name.
pub(super) fn own(frontend: &Arc<Frontend>, assets: &Arc<Assets>) -> FuncMap {
    let mut functions = FuncMap::new();
    let mut add = |name: &str, function: ValueFunc| functions.insert(name.to_owned(), function);

    let shown = frontend.clone();
    add("issuer", Arc::new(move |_: &[Value]| Ok(text(shown.display_name()))));

    let shown = frontend.clone();
    add("logo", Arc::new(move |_: &[Value]| Ok(text(shown.logo()))));

    let shown = frontend.clone();
    add("default_logo", Arc::new(move |_: &[Value]| Ok(Value::Bool(shown.logo() == DEFAULT_LOGO))));

    let told = frontend.clone();
    add("extra", Arc::new(move |args: &[Value]| extra(&told, args)));

    let from = frontend.clone();
    add("url", Arc::new(move |args: &[Value]| url(&from, args)));

    let (from, files) = (frontend.clone(), assets.clone());
    add("asset", Arc::new(move |args: &[Value]| asset(&from, &files, args)));

    add("lower", Arc::new(lower));
    functions
}

fn text(of: &str) -> Value {
    Value::String(Arc::from(of))
}

fn two<'a>(name: &str, args: &'a [Value]) -> Result<(&'a str, &'a str), TemplateError> {
    match args {
        [Value::String(first), Value::String(second)] => Ok((first, second)),
        [_, _] => Err(TemplateError::Exec(format!("{name}: both arguments must be strings"))),
        _ => Err(TemplateError::ArgCount { name: name.to_owned(), expected: 2, got: args.len() }),
    }
}

fn extra(frontend: &Frontend, args: &[Value]) -> Outcome {
    match args {
        [Value::String(key)] => Ok(text(frontend.extra.get(key.as_ref()).map_or("", String::as_str))),
        _ => Err(TemplateError::Exec("extra: give the key, one string".to_owned())),
    }
}

/// `url .ReqPath "theme/x.png"`: spec section 8.5.
fn url(frontend: &Frontend, args: &[Value]) -> Outcome {
    let (request, asset) = two("url", args)?;
    if asset == frontend.logo_url && asset.starts_with("data:image/") {
        // The operator's own logo, written into the configuration: an image can run nothing.
        return Ok(URL::from(asset).into());
    }
    Ok(text(&relative_url(&frontend.issuer_path, request, asset)))
}

/// As `url`, with the file's fingerprint behind it, so that browsers may keep it for a year.
fn asset(frontend: &Frontend, assets: &Assets, args: &[Value]) -> Outcome {
    let (request, asset) = two("asset", args)?;
    let path = relative_url(&frontend.issuer_path, request, asset);
    Ok(match assets.fingerprint(asset) {
        Some(fingerprint) => text(&format!("{path}?v={fingerprint}")),
        None => text(&path),
    })
}

fn lower(args: &[Value]) -> Outcome {
    match args {
        [value] => Ok(text(&value.to_string().to_lowercase())),
        _ => Err(TemplateError::ArgCount { name: "lower".to_owned(), expected: 1, got: args.len() }),
    }
}
