//! Percent-encoding: of URLs, and of header values as the CloudEvents HTTP binding (1.0.2, 3.1.3.2) says.

/// A text as one segment of a path or a value of a query.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default().to_ascii_uppercase());
            encoded.push('%');
            encoded.extend(digits);
        }
    }
    encoded
}

/// The value of a `ce-` header: unquoted, then decoded once. `None` if it is not UTF-8 after that, or a quote or `%` stands alone.
pub(crate) fn decode_header(value: &[u8]) -> Option<String> {
    let unquoted = match value {
        [b'"', inner @ .., b'"'] => unescape(inner)?,
        [b'"', ..] => return None,
        plain => plain.to_vec(),
    };
    String::from_utf8(decode(&unquoted)?).ok()
}

fn unescape(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = quoted.iter().copied();
    let mut plain = Vec::with_capacity(quoted.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.push(bytes.next()?),
            b'"' => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}

fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = encoded.iter().copied();
    let mut plain = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        plain.push(if byte == b'%' { digit(bytes.next()?)? << 4 | digit(bytes.next()?)? } else { byte });
    }
    Some(plain)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(value: &str) -> Option<String> {
        decode_header(value.as_bytes())
    }

    #[test]
    fn the_examples_of_the_binding() {
        assert_eq!(decoded("Euro%20%E2%82%AC%20%F0%9F%98%80").as_deref(), Some("Euro € 😀"));
        assert_eq!(decoded("%C0%A0"), None, "overlong, not UTF-8");
    }

    #[test]
    fn decoding_happens_once() {
        assert_eq!(decoded("%2541").as_deref(), Some("%41"));
    }

    #[test]
    fn a_quoted_value_is_unquoted_first() {
        assert_eq!(decoded(r#""a \"b\" %41""#).as_deref(), Some("a \"b\" A"));
        for broken in [r#""a"#, r#"""#, r#""a"b""#, r#""a\""#] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_lone_percent_sign_is_refused() {
        for broken in ["%", "%4", "%4g", "50%"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_is_encoded_stays_in_its_segment() {
        assert_eq!(encode("a/b?c#d é~"), "a%2Fb%3Fc%23d%20%C3%A9~");
    }
}
