//! Register, scenario and configuration files.

use schakelpunt::{config::Config, registers::Tables, scenario::Scenario};
use schakelpunt_domain::{
    Hidden,
    registers::{At, Registers},
};

use super::{
    first_line,
    innocence::CANARY,
    world::{same, world},
};

/// A line with the kind of file, then its text.
pub fn files(bytes: &[u8]) {
    let (kind, text) = first_line(bytes);
    let text = String::from_utf8_lossy(text);
    match kind {
        b"registers" => registers(&text),
        b"scenario" => placed(Scenario::parse("file.toml", &text), &text),
        b"configuration" => configuration(&text),
        _ => {}
    }
}

/// What can be read is what a store keeps, and registers with it answer.
fn registers(text: &str) {
    let world = world();
    let read = Tables::parse("file.toml", text).and_then(|tables| Ok((tables.entries(world.now)?, tables.consents(world.now))));
    if let Ok((entries, consents)) = &read {
        entries.iter().for_each(same);
        consents.iter().for_each(|(_, consent)| same(consent));
        let registers = Registers::new(1, entries.iter().cloned());
        let at = At { valid: world.now, known: world.now };
        let ids = registers.participants(at).map(|participant| &participant.id);
        assert!(ids.into_iter().all(|id| registers.participant(id, at).is_some()));
    }
    placed(read, text);
}

/// Nothing that may be a secret stands in an error.
fn configuration(text: &str) {
    let read = Config::parse("file.toml", text);
    match &read {
        Ok(config) => {
            let shown = format!("{config:?}");
            let secrets = [Some(&config.store.url), config.bus.password.as_ref(), config.digest_key.as_ref()];
            let secrets: Vec<&str> = secrets.into_iter().flatten().map(Hidden::reveal).collect();
            for secret in secrets.iter().filter(|secret| secret.len() >= 12) {
                // the same text may stand in the open, too, as a path or a name
                let hidden = secrets.iter().map(|other| other.matches(secret).count()).sum::<usize>();
                assert!(!shown.contains(secret) || text.matches(secret).count() > hidden, "a secret is shown: {shown}");
            }
        }
        Err(error) => {
            // keys stand in backticks: they are no secrets
            let values: String = format!("{error:#}").to_lowercase().split('`').step_by(2).collect();
            assert!(!values.contains(CANARY), "an error with content: {error:#}");
        }
    }
    placed(read, text);
}

/// `file.toml:LINE:COLUMN: ` at a place that exists; what is wrong as a whole has no line but a key.
fn placed<T>(read: Result<T, impl std::fmt::Display>, text: &str) {
    let Err(error) = read else { return };
    let shown = format!("{error:#}");
    let Some(rest) = shown.strip_prefix("file.toml:") else { panic!("no file: {shown}") };
    let mut numbers = rest.splitn(3, ':');
    if let Some(Ok(line)) = numbers.next().map(str::parse::<usize>) {
        let column: usize = numbers.next().unwrap().parse().unwrap_or_else(|_| panic!("no column: {shown}"));
        assert!(line >= 1 && line <= text.split('\n').count() && column >= 1, "no such place: {shown}");
        assert!(numbers.next().is_some_and(|message| message.trim().len() > 3), "no message: {shown}");
    } else {
        assert!(rest.starts_with(' ') && (rest.contains(": ") || rest.contains("step ")), "neither a place nor a key: {shown}");
    }
}
