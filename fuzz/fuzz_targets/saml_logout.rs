#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dex_fuzzing::run("saml_logout", data));
