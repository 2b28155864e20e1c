//! Decisions that rest on the date of release: who made them has to look at them again when it changes (domain 6.4).

/// What was decided, or asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The rent is paid on during the detention.
    Rent,
    /// The benefit revives at release.
    Benefit,
    /// The benefit is not lowered for who shares the home.
    CostSharing,
    /// An advance on the benefit.
    Advance,
    /// Leave at the end of the sentence.
    EndLeave,
    /// Leave for re-integration.
    ReintegrationLeave,
}

/// Who decides, and is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decides {
    /// The college.
    Municipality,
    /// The director.
    Prison,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 6] = [Self::Rent, Self::Benefit, Self::CostSharing, Self::Advance, Self::EndLeave, Self::ReintegrationLeave];

    /// Who decides about it.
    pub fn decides(self) -> Decides {
        match self {
            Self::Rent | Self::Benefit | Self::CostSharing | Self::Advance => Decides::Municipality,
            Self::EndLeave | Self::ReintegrationLeave => Decides::Prison,
        }
    }
}

/// What an event does to the decisions that rest on the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// From now on one does.
    Rests(Topic),
    /// It does no longer.
    Ends(Topic),
    /// The detention is over: none does any more.
    EndsAll,
}

/// The effect of an event; `None` for most.
pub fn effect(event: &str) -> Option<Effect> {
    let effect = match event {
        "rent-continuation-requested" | "rent-continuation-decided" => Effect::Rests(Topic::Rent),
        "rent-continuation-ended" => Effect::Ends(Topic::Rent),
        "benefit-revival-requested" | "benefit-revival-decided" => Effect::Rests(Topic::Benefit),
        "cost-sharing-exemption-requested" | "cost-sharing-exemption-decided" => Effect::Rests(Topic::CostSharing),
        "advance-or-living-money-decided" => Effect::Rests(Topic::Advance),
        "end-leave-granted" | "end-leave-changed" => Effect::Rests(Topic::EndLeave),
        "end-leave-refused-by-person" => Effect::Ends(Topic::EndLeave),
        "reintegration-leave-granted" | "reintegration-leave-changed" => Effect::Rests(Topic::ReintegrationLeave),
        "reintegration-leave-withdrawn" | "reintegration-leave-returned" => Effect::Ends(Topic::ReintegrationLeave),
        "detention-ended" | "deceased" => Effect::EndsAll,
        _ => return None,
    };
    Some(effect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_rests_on_the_date_until_it_ends() {
        assert_eq!(effect("rent-continuation-requested"), Some(Effect::Rests(Topic::Rent)));
        assert_eq!(effect("rent-continuation-ended"), Some(Effect::Ends(Topic::Rent)));
        assert_eq!(effect("detention-ended"), Some(Effect::EndsAll));
        assert_eq!(effect("plan-ready"), None);
    }
}
