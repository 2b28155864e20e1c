//! The formats that event schemas use beside the standard ones.

use std::{collections::BTreeSet, sync::LazyLock};

use jsonschema::{Draft, Validator};

use crate::ids::{Bsn, MunicipalityCode, ParticipantId, Skn};

const MUNICIPALITIES: &str = include_str!("../../../../config/reference/municipalities.csv");
const REORGANISATIONS: &str = include_str!("../../../../config/reference/reorganisations.csv");

/// Every code that is or was a municipality: the list of 2023 and those that confirmed reorganisations ended or made.
static CODES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let current = MUNICIPALITIES.lines().skip(1).filter_map(|line| line.split(',').next());
    let confirmed = REORGANISATIONS.lines().skip(1).filter(|line| line.contains("confirmed"));
    let former = confirmed.flat_map(|line| line.split(',').skip(1).take(2)).flat_map(|codes| codes.split(';'));
    current.chain(former).map(|code| code.trim_matches('"')).filter(|code| code.parse::<MunicipalityCode>().is_ok()).collect()
});

/// Whether `code` is or was a Dutch municipality (decision 5: a planned merger counts only when confirmed).
pub(crate) fn is_municipality(code: &str) -> bool {
    CODES.contains(code)
}

fn is_v_number(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Options with draft 2020-12, formats asserted.
pub(super) fn options() -> jsonschema::ValidationOptions<'static> {
    Validator::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_format("bsn", |text: &str| text.parse::<Bsn>().is_ok())
        .with_format("skn", |text: &str| text.parse::<Skn>().is_ok())
        .with_format("v-number", is_v_number)
        .with_format("municipality-code", is_municipality)
        .with_format("participant-id", |text: &str| text.parse::<ParticipantId>().is_ok())
}
