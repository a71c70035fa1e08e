//! Turns events of `tracing` into lines.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::value::{VALUE_BYTES_MAX, Value, write_limited};
use super::{Format, Level, Settings, json, text};

/// Where a finished line goes, its line end included.
pub(super) type Sink = Box<dyn Fn(&[u8]) + Send + Sync>;

/// The layer that writes records.
pub(super) struct RecordLayer {
    settings: Arc<ArcSwap<Settings>>,
    now: fn() -> Timestamp,
    zone: TimeZone,
    sink: Sink,
}

/// The fields of one span, kept until the records inside it are written.
struct SpanFields(Vec<(&'static str, Value<'static>)>);

impl RecordLayer {
    pub(super) fn new(settings: Arc<ArcSwap<Settings>>, now: fn() -> Timestamp, zone: TimeZone, sink: Sink) -> Self {
        Self { settings, now, zone, sink }
    }

    /// A span always counts: it may be the request of an error. Strangers speak from WARN up.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("dex");
        let level = Level::from(metadata.level());
        if metadata.is_span() {
            return ours;
        }
        level >= self.settings.load().level && (ours || level >= Level::WARN)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RecordLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.settings.load().level.filter())
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, ctx: Context<'_, S>) {
        let mut fields = SpanFields(Vec::new());
        attributes.record(&mut fields);
        if let Some(span) = ctx.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<SpanFields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let settings = self.settings.load();
        with_line(|line| {
            let mut record = Record::begin(&settings, line);
            event.record(&mut record);
            for span in ctx.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
                if let Some(SpanFields(fields)) = span.extensions().get() {
                    fields.iter().for_each(|(name, value)| record.attribute(name, value));
                }
            }
            let time = (self.now)().to_zoned_datetime(self.zone.clone());
            record.finish(&time, Level::from(event.metadata().level()));
            (self.sink)(line.text.as_bytes());
        });
    }
}

/// The buffers of one record, used again for the next one on this thread.
#[derive(Default)]
struct Line {
    attributes: String,
    text: String,
}

/// Beyond this many bytes a buffer is given back rather than kept for the next record.
const LINE_BYTES_KEPT: usize = 64 * 1024;

fn with_line(write: impl FnOnce(&mut Line)) {
    thread_local! {
        static LINE: RefCell<Line> = RefCell::default();
    }
    LINE.with(|line| match line.try_borrow_mut() {
        Ok(mut line) => {
            write(&mut line);
            if line.text.capacity() > LINE_BYTES_KEPT {
                *line = Line::default();
            }
        }
        // A value that logs while it is being written.
        Err(_) => write(&mut Line::default()),
    });
}

/// One record in the making.
struct Record<'a> {
    settings: &'a Settings,
    line: &'a mut Line,
    message: String,
    members: json::Members,
}

impl<'a> Record<'a> {
    fn begin(settings: &'a Settings, line: &'a mut Line) -> Self {
        line.attributes.clear();
        line.text.clear();
        Self { settings, line, message: String::new(), members: json::Members::default() }
    }

    fn attribute(&mut self, name: &'static str, value: &Value<'_>) {
        let name = name.strip_prefix("r#").unwrap_or(name);
        if self.settings.excludes(name) {
            return;
        }
        let out = &mut self.line.attributes;
        match self.settings.format {
            Format::Text => text::attribute(out, name, value),
            Format::Json => self.members.attribute(out, name, value),
        }
    }

    fn finish(mut self, time: &ZonedDateTime, level: Level) {
        let Line { attributes, text: out } = self.line;
        // Writing to a String cannot fail.
        let _ = match self.settings.format {
            Format::Text => {
                out.push_str("time=");
                write_time(out, time, Precision::Milliseconds);
                let _ = write!(out, " level={level} msg=");
                text::string(out, &self.message);
                out.write_str(attributes)
            }
            Format::Json => {
                self.members.finish(attributes);
                out.push_str("{\"time\":\"");
                write_time(out, time, Precision::Nanoseconds);
                let _ = write!(out, "\",\"level\":\"{level}\",\"msg\":");
                json::string(out, &self.message);
                out.push_str(attributes);
                out.write_char('}')
            }
        };
        out.push('\n');
    }
}

enum Precision {
    Milliseconds,
    /// Trailing zeros dropped.
    Nanoseconds,
}

/// RFC 3339 in the zone of `time`.
fn write_time(out: &mut String, time: &ZonedDateTime, precision: Precision) {
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    let nanos = time.subsec_nanosecond();
    match precision {
        Precision::Milliseconds => {
            let _ = write!(out, ".{:03}", nanos / 1_000_000);
        }
        Precision::Nanoseconds if nanos == 0 => {}
        Precision::Nanoseconds => {
            let _ = write!(out, ".{nanos:09}");
            out.truncate(out.trim_end_matches('0').len());
        }
    }
    match time.offset().seconds() / 60 {
        0 => out.push('Z'),
        minutes => {
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.abs();
            let _ = write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        }
    }
}

/// Visits fields and hands each value on by name.
trait Collect {
    fn collect(&mut self, field: &Field, value: Value<'_>);

    fn message(&mut self, _text: &dyn Debug) {}
}

impl Collect for Record<'_> {
    fn collect(&mut self, field: &Field, value: Value<'_>) {
        self.attribute(field.name(), &value);
    }

    fn message(&mut self, text: &dyn Debug) {
        self.message = write_limited(VALUE_BYTES_MAX, format_args!("{text:?}"));
    }
}

impl Collect for SpanFields {
    fn collect(&mut self, field: &Field, value: Value<'_>) {
        self.0.push((field.name(), value.into_owned()));
    }
}

macro_rules! visit {
    ($collector:ty) => {
        impl Visit for $collector {
            fn record_f64(&mut self, field: &Field, value: f64) {
                self.collect(field, Value::Float(value));
            }
            fn record_i64(&mut self, field: &Field, value: i64) {
                self.collect(field, Value::Integer(value.into()));
            }
            fn record_u64(&mut self, field: &Field, value: u64) {
                self.collect(field, Value::Integer(value.into()));
            }
            fn record_i128(&mut self, field: &Field, value: i128) {
                self.collect(field, Value::Integer(value));
            }
            fn record_bool(&mut self, field: &Field, value: bool) {
                self.collect(field, Value::Boolean(value));
            }
            fn record_str(&mut self, field: &Field, value: &str) {
                match field.name() {
                    "message" => self.message(&format_args!("{value}")),
                    _ => self.collect(field, Value::text(value)),
                }
            }
            fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
                self.collect(field, Value::of_error(value));
            }
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                match field.name() {
                    "message" => self.message(value),
                    _ => self.collect(field, Value::of_debug(value)),
                }
            }
        }
    };
}

visit!(Record<'_>);
visit!(SpanFields);

#[cfg(test)]
mod tests;
