//! Random histories of one case.

use proptest::{collection::vec, prelude::*, sample::select};
use schakelpunt_engine::ports::Published;
use serde_json::json;

use crate::harness::messages::{
    Message, admission, consent_given, consent_withdrawn, correction, deceased, detention_ended, invitation, release_date_changed,
    screening, settles, transfer, unit_assigned, withdrawal,
};

pub(super) const DETENTION: &str = "d-1";
/// Everybody who may hear of the case.
pub(super) const RECIPIENTS: [&str; 8] =
    ["gemeente-zwolle", "gemeente-kampen", "rn-zwolle", "rn-noord", "pi-zwolle", "pi-vught", "ggz-zwolle", "woonstichting-zwolle"];
const CONDITIONS: [&str; 3] = ["HOUSING", "DEBT", "CARE"];

/// A new message.
#[derive(Debug, Clone)]
pub(super) enum Template {
    Admission,
    Release(u64, u32),
    Screening(u64, Vec<(&'static str, &'static str)>),
    ConsentGiven(&'static str, &'static str, &'static str),
    ConsentWithdrawn(&'static str),
    Invitation(&'static str),
    Settles,
    Unit,
    Transfer,
    Ended,
    Deceased,
}

impl Template {
    /// The message, the `number`th of the history.
    pub(super) fn message(&self, number: usize) -> Message {
        let rising = 10 + number as u64;
        let message = match self {
            Self::Admission => return admission(DETENTION),
            Self::Release(sequence, day) => release_date_changed(DETENTION, &format!("2025-03-{day:02}")).sequence(*sequence),
            Self::Screening(sequence, conditions) => {
                screening(DETENTION, conditions).with("care", json!({"needed": true})).sequence(*sequence)
            }
            Self::ConsentGiven(id, to, until) => {
                let consent = json!({
                    "id": id, "recipient": to, "categories": ["class:ID", "class:HEALTH", "condition:HOUSING"], "purpose": "reintegration", "until": until,
                });
                consent_given(DETENTION, id, to).by("pi-zwolle").with("consent", consent).sequence(rising)
            }
            Self::ConsentWithdrawn(id) => consent_withdrawn(DETENTION, id).by("pi-zwolle").sequence(rising),
            Self::Invitation(to) => invitation(DETENTION, to).sequence(rising),
            Self::Settles => settles(DETENTION, "0166").sequence(rising),
            Self::Unit => unit_assigned(DETENTION, "rn-noord").sequence(rising),
            Self::Transfer => transfer(DETENTION, "pi-vught", "2024-09-04T09:00:00+02:00").sequence(rising),
            Self::Ended => detention_ended(DETENTION, "2021-06-01").sequence(rising),
            Self::Deceased => deceased(DETENTION, "2021-06-01").sequence(rising),
        };
        message.id(&format!("m-{number}"))
    }
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Send(Template),
    Again(usize),
    Correct(usize),
    Withdraw(usize),
    Pass(i64),
    Answer(&'static str, Published),
    Link(&'static str, bool),
    Settle,
}

impl Op {
    /// What is sent about an earlier message.
    pub(super) fn about(&self, message: Message, number: usize) -> Message {
        let corrected = json!({"date": "2025-04-01"});
        match self {
            Self::Correct(_) => correction(&message).with("release", corrected).id(&format!("m-{number}")),
            Self::Withdraw(_) => withdrawal(&message).id(&format!("m-{number}")),
            _ => message,
        }
    }
}

/// Mostly the one partner about whom most histories turn.
fn partner() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("ggz-zwolle"), 1 => Just("woonstichting-zwolle")]
}

/// Who is slow, away or missing: mostly who has something to lose by it.
fn recipient() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("ggz-zwolle"), 3 => Just("gemeente-zwolle"), 2 => select(&RECIPIENTS[..])]
}

fn consent() -> impl Strategy<Value = Template> {
    let to = prop_oneof![3 => partner(), 2 => Just("gemeente-zwolle"), 1 => Just("rn-zwolle")];
    let until = prop_oneof![3 => Just("2025-06-30"), 1 => Just("2021-06-29"), 1 => Just("2024-09-04")];
    (select(&["c-1", "c-2"][..]), to, until).prop_map(|(id, to, until)| Template::ConsentGiven(id, to, until))
}

fn template() -> impl Strategy<Value = Template> {
    let entry = (select(&CONDITIONS[..]), select(&["MISSING", "MISSING", "IN_ORDER", "ARRANGED"][..]));
    prop_oneof![
        1 => Just(Template::Admission),
        3 => (1..9_u64, 1..28_u32).prop_map(|(sequence, day)| Template::Release(sequence, day)),
        5 => (1..9_u64, vec(entry, 1..3)).prop_map(|(sequence, entries)| Template::Screening(sequence, entries)),
        3 => consent(),
        2 => select(&["c-1", "c-2"][..]).prop_map(Template::ConsentWithdrawn),
        5 => partner().prop_map(Template::Invitation),
        1 => Just(Template::Settles),
        1 => Just(Template::Unit),
        1 => Just(Template::Transfer),
        1 => Just(Template::Ended),
        1 => Just(Template::Deceased),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let answers = [Published::NotNow, Published::Uncertain, Published::Uncertain, Published::Unroutable];
    prop_oneof![
        10 => template().prop_map(Op::Send),
        2 => (0..20_usize).prop_map(Op::Again),
        2 => (0..20_usize).prop_map(Op::Correct),
        2 => (0..20_usize).prop_map(Op::Withdraw),
        4 => select(&[1_i64, 11, 3600, 16 * 3600, 40 * 3600][..]).prop_map(Op::Pass),
        4 => (recipient(), select(answers.to_vec())).prop_map(|(to, answer)| Op::Answer(to, answer)),
        3 => (recipient(), any::<bool>()).prop_map(|(to, up)| Op::Link(to, up)),
        6 => Just(Op::Settle),
    ]
}

/// Mostly the admission comes first, and often a consent right behind it.
pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let begins = prop_oneof![
        1 => Just(Vec::new()),
        3 => Just(vec![Op::Send(Template::Admission)]),
        4 => consent().prop_map(|consent| vec![Op::Send(Template::Admission), Op::Send(consent)]),
    ];
    let ends = prop_oneof![2 => Just(Vec::new()), 1 => Just(vec![Op::Send(Template::Admission)])];
    (begins, vec(op(), 4..16), ends).prop_map(|(begins, ops, ends)| [begins, ops, ends].concat())
}
