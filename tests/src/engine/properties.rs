//! What holds for every history: short random ones of messages, consents, answers of the bus and passing time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, test_runner::TestCaseError};
use schakelpunt_domain::{LegalDay, pointer::Leaf, registers::Kind};
use schakelpunt_engine::{
    model::{Delivery, Snapshot},
    ports::{DeliveryFilter, Published},
    step::{self, AtOnce, Law, Receipts, Reported},
};
use schakelpunt_rules::Permit;

use self::history::{DETENTION, Op};
use crate::harness::{Rig, bus::Sent, messages::Message, participant, settings, who};

mod history;

/// What a partner may be told when its consent has ended: that it has ended, and what to delete.
const AT_AN_END: [&str; 5] = ["consent-withdrawn", "consent-expired", "message-withdrawn", "detention-ended", "deceased"];

/// The consents of the case as anybody would keep them who only reads the messages that were accepted.
#[derive(Debug, Default)]
struct Consents {
    given: BTreeMap<String, (String, LegalDay)>,
    withdrawn: BTreeSet<String>,
    over: bool,
}

impl Consents {
    fn read(&mut self, message: &Message) {
        let id = message.text("/consent/id").to_owned();
        match message.event() {
            "consent-given" => {
                let until = message.text("/consent/until").parse().unwrap();
                self.given.insert(id, (message.text("/consent/recipient").to_owned(), until));
            }
            "consent-withdrawn" => drop(self.withdrawn.insert(id)),
            "detention-ended" | "deceased" => self.over = true,
            _ => {}
        }
    }

    fn allow(&self, partner: &str, now: jiff::Timestamp) -> bool {
        let holds = |(id, (recipient, until)): (&String, &(String, LegalDay))| {
            recipient == partner && now < until.ends() && !self.withdrawn.contains(id)
        };
        !self.over && self.given.iter().any(holds)
    }
}

/// A hub, what it was told, and what it did.
struct Play {
    rig: Rig,
    sent: Vec<Message>,
    consents: Consents,
    /// The bytes of each id from the first time that may have arrived.
    arrived: BTreeMap<String, Vec<u8>>,
    confirmed: BTreeSet<String>,
}

type Checked = Result<(), TestCaseError>;

impl Play {
    async fn new(now: &str) -> Self {
        let rig = Rig::at(now).await;
        Self { rig, sent: Vec::new(), consents: Consents::default(), arrived: BTreeMap::new(), confirmed: BTreeSet::new() }
    }

    async fn run(&mut self, op: &Op) -> Checked {
        match op {
            Op::Send(template) => self.send(template.message(self.sent.len())).await?,
            Op::Again(of) | Op::Correct(of) | Op::Withdraw(of) => {
                if let Some(message) = self.sent.get(of % self.sent.len().max(1)).cloned() {
                    self.send(op.about(message, self.sent.len())).await?;
                }
            }
            Op::Pass(seconds) => self.rig.pass(*seconds),
            Op::Answer(to, answer) => self.rig.bus.answers(to, &[*answer]),
            Op::Link(to, true) => self.rig.up(to),
            Op::Link(to, false) => self.rig.down(to),
            Op::Settle => {
                for sent in self.rig.settle().await {
                    self.check(&sent).await?;
                }
            }
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Checked {
        self.is_deterministic(&message).await?;
        if self.rig.take(&message).await.outcome == Reported::Accepted {
            self.consents.read(&message);
        }
        self.sent.push(message);
        Ok(())
    }

    /// The same snapshot and inputs give the same actions and reports.
    async fn is_deterministic(&self, message: &Message) -> Checked {
        let inputs = self.rig.hub.inspect(&[message.offer()]).await;
        let mut seen = None;
        let look = &mut |snapshot: Snapshot| {
            seen = Some(snapshot);
            None
        };
        self.rig.store.intake(&[], &step::keys(&inputs), look).await.unwrap();
        let (snapshot, settings, registers) = (seen.unwrap(), settings(), self.rig.hub.registers().await);
        let law = Law { settings: &settings, registers: &registers };
        let room = AtOnce::from([(who("gemeente-zwolle"), 5), (who("rn-zwolle"), 5)]);
        let once = step::step(law, snapshot.clone(), &inputs, Receipts::Send, &room);
        prop_assert_eq!(once, step::step(law, snapshot, &inputs, Receipts::Send, &room));
        Ok(())
    }

    async fn check(&mut self, sent: &Sent) -> Checked {
        let delivery = self.delivery(sent).await;
        let permit = delivery.decision.permit();
        prop_assert!(permit.is_some(), "delivered on a refusal: {:?}", sent);
        self.keeps_to_its_permit(sent, permit.unwrap())?;
        self.is_on_record(sent, &delivery).await?;
        self.is_consented(sent)?;
        self.is_repeated_faithfully(sent)
    }

    async fn delivery(&self, sent: &Sent) -> Delivery {
        let filter = DeliveryFilter { recipient: Some(who(&sent.to)), limit: 1000, ..DeliveryFilter::default() };
        self.rig.store.deliveries(&filter).await.unwrap().into_iter().find(|delivery| delivery.id.to_string() == sent.id).unwrap()
    }

    fn keeps_to_its_permit(&self, sent: &Sent, permit: &Permit) -> Checked {
        for field in sent.fields() {
            prop_assert!(permit.leaves().any(|leaf| leaf.as_str() == field), "{} is outside the permit of {:?}", field, sent);
            prop_assert!(field != "/detention/title", "the title is forwarded to nobody");
        }
        let first = !self.arrived.contains_key(&sent.id);
        for granted in permit.granted.iter().filter(|_| first) {
            let in_force =
                settings().rules.bases().iter().any(|basis| basis.id == granted.basis && basis.in_force.contains(self.rig.now()));
            prop_assert!(in_force, "{} is not in force at the claim: {:?}", granted.basis, sent);
        }
        Ok(())
    }

    /// The last word on this message and recipient is a permit for all that was delivered. A recall is on record with what it recalls.
    async fn is_on_record(&self, sent: &Sent, delivery: &Delivery) -> Checked {
        let hub = &settings().source;
        if sent.event == "message-withdrawn" && delivery.key.source == *hub {
            return Ok(());
        }
        let traces = self.rig.store.trace(&delivery.key.id).await.unwrap();
        let trace = traces.iter().find(|trace| trace.message.key == delivery.key).unwrap();
        let last = trace.decisions.iter().rfind(|made| made.recipient == delivery.recipient);
        let permit = last.and_then(|made| made.decision.permit());
        prop_assert!(permit.is_some(), "no permit on record: {:?}", sent);
        let given: Vec<&str> = permit.unwrap().leaves().map(Leaf::as_str).collect();
        prop_assert!(sent.fields().iter().all(|field| given.contains(&field.as_str())), "the record permits less: {:?}", sent);
        Ok(())
    }

    fn is_consented(&self, sent: &Sent) -> Checked {
        if participant(&sent.to).kind == Kind::CarePartner {
            let may = AT_AN_END.contains(&sent.event.as_str()) || self.consents.allow(&sent.to, self.rig.now());
            prop_assert!(may, "without consent: {:?} of {:?}", sent, self.consents);
            prop_assert!(sent.attribute("subject") != DETENTION, "a partner knows the case by a reference of its own");
        }
        Ok(())
    }

    /// Once it may have arrived, the same id has the same bytes; once it is confirmed, it is not given again.
    fn is_repeated_faithfully(&mut self, sent: &Sent) -> Checked {
        prop_assert!(!self.confirmed.contains(&sent.id), "given twice: {:?}", sent);
        if let Some(bytes) = self.arrived.get(&sent.id) {
            prop_assert!(*bytes == sent.bytes, "other bytes under the same id: {:?}", sent);
        }
        if matches!(sent.answer, Published::Confirmed | Published::Uncertain) {
            self.arrived.insert(sent.id.clone(), sent.bytes.clone());
        }
        if sent.answer == Published::Confirmed {
            self.confirmed.insert(sent.id.clone());
        }
        Ok(())
    }
}

fn play(start: &str, ops: &[Op]) -> Checked {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut play = Play::new(start).await;
        for op in ops {
            play.run(op).await?;
        }
        // in the end everybody can be reached again, and nothing is left but what waits for a person
        for id in history::RECIPIENTS {
            play.run(&Op::Link(id, true)).await?;
        }
        for _ in 0..12 {
            play.run(&Op::Settle).await?;
            play.run(&Op::Pass(61)).await?;
        }
        let load = play.rig.store.load().await.unwrap();
        prop_assert!(load.blocked > 0 || load.waiting + load.claimed == 0, "something never leaves: {:?}", load);
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_leaves_outside_its_permit_under_the_law_of_2021(ops in history::ops()) {
        play("2024-09-04T08:30:00+02:00", &ops)?;
    }

    #[test]
    fn nothing_leaves_outside_its_permit_over_the_change_of_the_law(ops in history::ops()) {
        play("2021-06-29T12:00:00+02:00", &ops)?;
    }
}
