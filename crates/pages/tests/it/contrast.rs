//! Colours that stand on one another can be told apart (WCAG 2.2, 1.4.3 and 1.4.11).

use std::collections::BTreeMap;

use dex_pages::{Frontend, Pages};

/// Contrast that text needs.
const TEXT: f64 = 4.5;

/// Contrast that the edge of a field or a ring of focus needs.
const EDGE: f64 = 3.0;

const PAIRS: [(&str, &str, f64); 27] = [
    ("fg", "bg", TEXT),
    ("fg", "panel", TEXT),
    ("fg", "field", TEXT),
    ("fg", "hover", TEXT),
    ("fg-muted", "bg", TEXT),
    ("fg-muted", "panel", TEXT),
    ("fg-muted", "field", TEXT),
    ("fg-muted", "hover", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-hover", TEXT),
    ("on-success", "success", TEXT),
    ("on-success", "success-hover", TEXT),
    ("link", "panel", TEXT),
    ("link", "field", TEXT),
    ("error-fg", "error-bg", TEXT),
    ("error-fg", "panel", TEXT),
    ("warn", "panel", TEXT),
    ("field-border", "panel", EDGE),
    ("field-border", "field", EDGE),
    ("error-border", "panel", EDGE),
    ("error-border", "field", EDGE),
    ("accent", "bg", EDGE),
    ("accent", "panel", EDGE),
    ("accent", "field", EDGE),
    ("success", "panel", EDGE),
    ("accent", "hover", EDGE),
    ("success-hover", "panel", EDGE),
];

type Palette = BTreeMap<String, [f64; 3]>;

fn palettes(styles: &str) -> Vec<Palette> {
    styles.split(":root {").skip(1).map(|block| palette(block.split('}').next().unwrap())).collect()
}

fn palette(block: &str) -> Palette {
    let lines = block.lines().filter_map(|line| line.trim().strip_prefix("--dex-")?.split_once(": #"));
    lines.map(|(name, hex)| (name.to_owned(), colour(hex.trim_end_matches(';')))).collect()
}

fn colour(hex: &str) -> [f64; 3] {
    assert_eq!(hex.len(), 6, "{hex}");
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let [r, g, b] = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_theme_can_be_read() {
    assert!((contrast(colour("ffffff"), colour("000000")) - 21.0).abs() < 0.01);
    assert!((contrast(colour("777777"), colour("ffffff")) - 4.48).abs() < 0.01);
    for (theme, count) in [("light", 1), ("dark", 1), ("", 2)] {
        let pages = Pages::builtin(Frontend { theme: theme.into(), ..Frontend::default() }).unwrap();
        let styles = pages.assets().get("/theme/styles.css").unwrap();
        let palettes = palettes(&String::from_utf8_lossy(&styles.bytes));
        assert_eq!(palettes.len(), count, "{theme}");
        for palette in palettes {
            for (front, back, needed) in PAIRS {
                let got = contrast(palette[front], palette[back]);
                assert!(got >= needed, "{theme}: {front} on {back} is {got:.2}, needs {needed}");
            }
        }
    }
}
