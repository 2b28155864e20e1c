//! What probation says through the hub (domain 5): assignments, supervision, advice on leave, attendance at a TBO, and its part of the
//! plan. A breach of supervision goes another way (WRONG_CHANNEL).

use std::collections::BTreeSet;

use schakelpunt_domain::EventName;

const EVENTS: [&str; 24] = [
    "action-assigned",
    "action-done",
    "action-overdue",
    "benefit-revival-requested",
    "breach-reported",
    "care-history-provided",
    "care-partner-involved",
    "condition-status-updated",
    "consent-given",
    "consent-withdrawn",
    "deletion-confirmed",
    "family-support-requested",
    "leave-advice-given",
    "message-corrected",
    "message-withdrawn",
    "probation-unit-assigned",
    "read-confirmed",
    "rent-continuation-requested",
    "settlement-municipality-set",
    "supervision-ended",
    "supervision-information-provided",
    "supervision-started",
    "supervision-transferred",
    "tbo-held",
];

/// The events.
pub(super) fn events() -> BTreeSet<EventName> {
    EVENTS.iter().filter_map(|event| event.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use schakelpunt_domain::catalogue::Catalogue;

    use super::*;

    #[test]
    fn every_event_is_one_of_the_catalogue() {
        let catalogue = Catalogue::load().unwrap();
        assert_eq!(events().len(), EVENTS.len());
        assert!(events().iter().all(|event| catalogue.get(event).is_some()));
    }
}
