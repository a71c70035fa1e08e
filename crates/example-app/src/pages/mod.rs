//! The pages: HTML from compiled templates that escape what they show, one style sheet, one small script.
//!
//! Owned here: looks and wording. Not owned: decisions; a page is a pure function of the options and the visitor's record.
//! Control leaves as a [`Response`].

mod device;
mod error;
mod grants;
mod json;
mod layout;
mod overview;
mod time;
mod tokens;
mod tools;

pub(crate) use device::page as device;
pub(crate) use error::PageError;
pub(crate) use grants::page as grant;
pub(crate) use overview::page as overview;
pub(crate) use tokens::page as tokens;
pub(crate) use tools::{ToolResult, page as tools};

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::Markup;

fn html(status: StatusCode, page: Markup) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, page.into_string()).into_response()
}
