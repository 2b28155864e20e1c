#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| schakelpunt_tests::fuzzing::door(bytes));
