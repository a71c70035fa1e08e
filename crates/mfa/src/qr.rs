//! A text as a QR code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::{Color, EcLevel, QrCode};

/// How many pixels a module of the code is wide.
const MODULE: usize = 5;

/// How many modules of white lie around the code (ISO/IEC 18004 §5.3.8).
const QUIET: usize = 4;

/// `text` as a black and white PNG in base64, for a `data:` URL. `None` if it is longer than a QR code holds, about 2 300
/// bytes.
pub fn qr_png_base64(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let modules = code.width();
    let side = (modules + 2 * QUIET) * MODULE;
    let dark = |x: usize, y: usize| {
        let at = |pixel: usize| (pixel / MODULE).checked_sub(QUIET).filter(|module| *module < modules);
        at(x).zip(at(y)).is_some_and(|at| code[at] == Color::Dark)
    };
    let pixels: Vec<u8> =
        (0..side * side).map(|pixel| if dark(pixel % side, pixel / side) { 0 } else { u8::MAX }).collect();
    Some(STANDARD.encode(png(u32::try_from(side).ok()?, &pixels)?))
}

fn png(side: u32, pixels: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_the_code_with_white_around_it() {
        let picture = STANDARD.decode(qr_png_base64("otpauth://totp/x?secret=ABC").unwrap()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&picture)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let side = info.width as usize;
        assert_eq!(side, (29 + 2 * QUIET) * MODULE, "version 3 has 29 modules");
        let at = |x: usize, y: usize| pixels[y * side + x];
        let corner = QUIET * MODULE;
        assert_eq!((at(0, 0), at(corner - 1, corner)), (255, 255), "the quiet zone");
        assert_eq!((at(corner, corner), at(corner + MODULE, corner + MODULE)), (0, 255), "the finder pattern");
    }

    #[test]
    fn what_is_too_long_is_no_code() {
        assert!(qr_png_base64(&"x".repeat(3000)).is_none());
    }
}
