//! The codes of contracts 1, each with a Dutch and an English sentence that a clerk understands.

use std::fmt;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $nl:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every code, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as text.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// What a Dutch clerk reads.
            pub fn nl(self) -> &'static str {
                match self { $(Self::$variant => $nl),* }
            }

            /// The same in English.
            pub fn en(self) -> &'static str {
                match self { $(Self::$variant => $en),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

codes! {
    /// Why one recipient does not get a message. Gates first; then, for the grants, further down is nearer to a permit.
    Refusal {
        /// A person stopped this participant, detention or rule.
        Stopped = "STOPPED",
            "De uitwisseling is stilgezet door een beheerder.",
            "The exchange has been stopped by an administrator.";
        /// The title of detention is not one that this hub serves.
        OutOfScopeTitle = "OUT_OF_SCOPE_TITLE",
            "Deze vorm van detentie valt buiten de uitwisseling over re-integratie.",
            "This kind of detention is outside the exchange on re-integration.";
        /// The recipient has no relation to this case.
        NotResponsible = "NOT_RESPONSIBLE",
            "Deze organisatie is niet verantwoordelijk voor deze persoon.",
            "This organisation is not responsible for this person.";
        /// The person acts in another capacity than the one that is needed.
        WrongCapacity = "WRONG_CAPACITY",
            "U handelt hier in een andere hoedanigheid dan nodig is.",
            "You are acting in another capacity than the one needed here.";
        /// The mandate does not cover this.
        MandateMissing = "MANDATE_MISSING",
            "Er is geen mandaat dat dit dekt.",
            "There is no mandate that covers this.";
        /// No rule gives this event to this recipient on any basis.
        NoBasis = "NO_BASIS",
            "Er is geen wettelijke grondslag om dit te delen.",
            "There is no legal basis for sharing this.";
        /// A basis exists in the rule set but not yet in law.
        BasisNotYetInForce = "BASIS_NOT_YET_IN_FORCE",
            "De wettelijke grondslag is nog niet in werking.",
            "The legal basis is not yet in force.";
        /// Consent is needed and there is none.
        ConsentMissing = "CONSENT_MISSING",
            "De betrokkene heeft hiervoor geen toestemming gegeven.",
            "The person has not given consent for this.";
        /// Consent was given and its term has passed.
        ConsentExpired = "CONSENT_EXPIRED",
            "De toestemming van de betrokkene is verlopen.",
            "The person's consent has expired.";
        /// Consent was given and taken back.
        ConsentWithdrawn = "CONSENT_WITHDRAWN",
            "De betrokkene heeft de toestemming ingetrokken.",
            "The person has withdrawn consent.";
        /// A basis carries, but none of the fields that matter may go.
        FieldNotAllowed = "FIELD_NOT_ALLOWED",
            "De gegevens die nodig zijn mogen niet naar deze organisatie.",
            "The fields that are needed may not go to this organisation.";
        /// The recipient has newer values already.
        Superseded = "SUPERSEDED",
            "Deze organisatie heeft al nieuwere gegevens.",
            "This organisation already has newer data.";
        /// The recipient has chosen not to get this.
        NotSubscribed = "NOT_SUBSCRIBED",
            "Deze organisatie heeft zich niet op dit bericht geabonneerd.",
            "This organisation has not subscribed to this message.";
    }
}

codes! {
    /// Why a whole message was rejected.
    RejectionCode {
        /// The envelope is not what it should be.
        Malformed = "MALFORMED", "Het bericht is niet goed opgebouwd.", "The message is not well formed.";
        /// The hub does not know this type of event.
        UnknownType = "UNKNOWN_TYPE", "Dit soort bericht is onbekend.", "This type of event is unknown.";
        /// The data does not fit the schema of the event.
        SchemaInvalid = "SCHEMA_INVALID", "De inhoud past niet bij het schema van dit bericht.", "The data does not fit the schema of this event.";
        /// Nobody of that name is registered.
        UnknownSender = "UNKNOWN_SENDER", "De afzender is niet geregistreerd.", "The sender is not registered.";
        /// The `source` belongs to somebody else.
        SenderMismatch = "SENDER_MISMATCH", "De bron hoort niet bij deze afzender.", "The source does not belong to this sender.";
        /// The sender may not produce this event in this case.
        NotAllowedToProduce = "NOT_ALLOWED_TO_PRODUCE", "De afzender mag dit bericht in deze zaak niet versturen.", "The sender may not produce this event in this case.";
        /// A personal number stands where everybody can read it.
        PersonalDataInAttributes = "PERSONAL_DATA_IN_ATTRIBUTES", "Er staat een persoonsnummer buiten de beschermde inhoud.", "A personal number stands outside the protected data.";
        /// More than 64 KiB.
        TooLarge = "TOO_LARGE", "Het bericht is groter dan 64 KiB.", "The message is larger than 64 KiB.";
        /// A known id with other content.
        IdReused = "ID_REUSED", "Dit berichtnummer is al gebruikt voor een ander bericht.", "This message id was already used for another message.";
        /// The detention is not known, or not to this sender.
        UnknownDetention = "UNKNOWN_DETENTION", "Deze detentie is bij deze afzender niet bekend.", "This detention is not known for this sender.";
        /// The detention reference belongs to another producer or person.
        DetentionConflict = "DETENTION_CONFLICT", "Deze detentie hoort bij een andere melder of persoon.", "This detention belongs to another producer or person.";
        /// This does not go through this hub.
        WrongChannel = "WRONG_CHANNEL", "Dit bericht hoort bij een ander kanaal.", "This message belongs to another channel.";
        /// The worker who sends does not act for the sender, not any more, or not in this case.
        WrongCapacity = "WRONG_CAPACITY", "De medewerker handelt niet namens deze afzender, of niet in deze zaak.", "The worker does not act for this sender, or not in this case.";
    }
}

codes! {
    /// What an acceptance says beside that it is one.
    Remark {
        /// A consent was withdrawn that names a unit which is told by law.
        RecordedNotTheBasis = "RECORDED_NOT_THE_BASIS",
            "De intrekking is vastgelegd. Wat deze organisatie op grond van de wet krijgt, berust niet op toestemming en gaat door.",
            "The withdrawal has been recorded. What this organisation is told by law does not rest on consent and goes on.";
    }
}

/// A rejection: code, place and the rule that was broken; never content.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[error("{code} at {pointer:?}: {detail}")]
pub struct Rejection {
    /// The code.
    pub code: RejectionCode,
    /// JSON pointer rooted in the envelope (`/data/...`, `/subject`); empty for the whole message.
    pub pointer: String,
    /// What was expected, in English, without anything of the message.
    pub detail: String,
}

impl Rejection {
    /// A rejection at `pointer`.
    pub fn new(code: RejectionCode, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, pointer: pointer.into(), detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearer_to_a_permit_speaks() {
        assert!(Refusal::NoBasis < Refusal::BasisNotYetInForce);
        assert!(Refusal::ConsentMissing < Refusal::ConsentWithdrawn);
        assert!(Refusal::ConsentWithdrawn < Refusal::FieldNotAllowed);
    }

    #[test]
    fn every_code_has_two_sentences() {
        for code in RejectionCode::ALL {
            assert!(code.nl().ends_with('.') && code.en().ends_with('.') && code.nl() != code.en(), "{code}");
        }
        for code in Remark::ALL {
            assert!(code.nl().ends_with('.') && code.en().ends_with('.') && code.nl() != code.en(), "{code}");
        }
        for code in Refusal::ALL {
            assert!(code.nl().ends_with('.') && code.en().ends_with('.') && code.nl() != code.en(), "{code}");
        }
    }
}
