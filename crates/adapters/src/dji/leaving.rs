//! What each way out of a prison is called as an event (domain 2.4), and each way back.

use jiff::civil::Date;
use schakelpunt_domain::{ParticipantId, ids::MessageKey};
use serde_json::{Value, json};

use super::stay::{Departure, Ending, Leaving};

/// What a departure says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    /// The detention is over for the prisons, by this event.
    Over(&'static str, Value),
    /// The person is out of the building and the detention may go on, by this event.
    Out(Ending, &'static str, Value),
    /// The person is going to another prison.
    Moving(ParticipantId),
}

/// What a departure says; `opened` is the message that opened the case.
pub(super) fn told(departure: &Departure, opened: &MessageKey) -> Told {
    let Departure { on, how } = departure;
    match how {
        Leaving::Transfer(to) => Told::Moving(to.clone()),
        Leaving::EnteredInError => Told::Over("message-withdrawn", json!({ "correction": { "of": opened, "reason": "WRONG_PERSON" } })),
        Leaving::Released(kind) => released(*kind, *on),
    }
}

/// What it says that the date of release has come and the person is no longer listed.
fn released(kind: Ending, on: Date) -> Told {
    match kind {
        Ending::EndOfSentence | Ending::ConditionalRelease | Ending::Lifted | Ending::Payment => {
            Told::Over("detention-ended", json!({ "detention": { "legalEnd": on }, "release": { "kind": kind } }))
        }
        Ending::TransferOut => Told::Over("left-scope", json!({ "status": { "since": on } })),
        Ending::Expulsion => Told::Over("left-scope", json!({ "status": { "since": on, "regime": "EXPULSION" } })),
        Ending::Death => Told::Over("deceased", json!({ "status": { "since": on } })),
        // leave and programme leave the building; the sentence runs
        Ending::EndLeave | Ending::PenitentiaryProgramme => {
            Told::Out(kind, "physically-departed", json!({ "detention": { "departure": on }, "release": { "kind": kind } }))
        }
        Ending::Suspension => Told::Out(kind, "pretrial-suspended", json!({ "suspension": { "at": crate::days::midnight(on) } })),
        Ending::Interruption => Told::Out(kind, "detention-interrupted", json!({ "interruption": { "from": on } })),
        Ending::Escape => Told::Out(kind, "escaped", json!({ "status": { "since": on } })),
    }
}

/// What it says that somebody who was out in this way is listed again; `None` if it says nothing.
pub(super) fn back(kind: Ending, on: Date) -> Option<(&'static str, Value)> {
    match kind {
        Ending::Escape => Some(("recaptured", json!({ "status": { "since": on } }))),
        Ending::Interruption => Some(("detention-resumed", json!({ "interruption": { "to": on } }))),
        Ending::EndOfSentence
        | Ending::ConditionalRelease
        | Ending::PenitentiaryProgramme
        | Ending::EndLeave
        | Ending::Suspension
        | Ending::Lifted
        | Ending::Payment
        | Ending::TransferOut
        | Ending::Expulsion
        | Ending::Death => None,
    }
}
