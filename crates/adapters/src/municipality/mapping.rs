//! What a municipality says through the hub (domain 5): meetings, conditions, housing, income, aftercare, mandates, disputes.

use std::collections::BTreeSet;

use schakelpunt_domain::EventName;

const EVENTS: [&str; 52] = [
    "action-assigned",
    "action-done",
    "action-overdue",
    "advance-or-living-money-decided",
    "aftercare-accepted",
    "aftercare-closed",
    "aftercare-home-visit",
    "aftercare-offered",
    "aftercare-refused",
    "benefit-revival-decided",
    "benefit-revival-requested",
    "breach-reported",
    "care-continuity-requested",
    "care-history-provided",
    "care-partner-ended",
    "care-partner-invited",
    "care-partner-involved",
    "case-closed",
    "case-transferred-to-municipality",
    "condition-status-updated",
    "consent-given",
    "consent-withdrawn",
    "cost-sharing-exemption-decided",
    "cost-sharing-exemption-requested",
    "debt-help-accepted",
    "debt-help-refused",
    "debt-help-requested",
    "deletion-confirmed",
    "first-visit-held",
    "first-visit-planned",
    "first-visit-refused",
    "housing-arranged",
    "housing-failed",
    "id-document-issued",
    "id-document-requested",
    "insurance-restarted",
    "insurance-suspended",
    "message-corrected",
    "message-withdrawn",
    "municipal-information-provided",
    "municipality-disputed",
    "read-confirmed",
    "rent-continuation-decided",
    "rent-continuation-ended",
    "rent-continuation-requested",
    "residence-changed",
    "settlement-municipality-set",
    "tbo-cancelled",
    "tbo-held",
    "tbo-moved-outside",
    "tbo-rescheduled",
    "tbo-scheduled",
];

/// The events.
pub(super) fn events() -> BTreeSet<EventName> {
    EVENTS.iter().filter_map(|event| event.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use schakelpunt_domain::catalogue::{Catalogue, Emitter};

    use super::*;

    #[test]
    fn every_event_is_one_that_a_participant_sends() {
        let catalogue = Catalogue::load().unwrap();
        assert_eq!(events().len(), EVENTS.len());
        assert!(events().iter().all(|event| catalogue.get(event).is_some_and(|spec| spec.emitter != Emitter::Hub)));
    }
}
