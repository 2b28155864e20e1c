//! The actions of hubs and environment.

use std::collections::BTreeSet;

use stateright::{Model, Property};

use super::{
    properties::{self, NAMED, SETTLES},
    world::{Answer, Budget, Case, Hub, Kind, LEASE, Lease, Stage, Stamp, State, Store, Stored, Tick, World},
};
use crate::mutants::Mutant;

/// One thing that is atomic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Action {
    /// The next message is published and confirmed by the broker.
    Publish,
    /// A producer is told of an acceptance.
    Tell(usize),
    /// Takes a lease that is nobody's, or renews its own.
    Lease(usize),
    /// A hub sees that its lease is gone: its channel goes back.
    GiveUp(usize),
    Take(usize),
    /// The transaction over that many messages of the batch.
    Record(usize, usize),
    Acknowledge(usize),
    Cut(usize),
    Crash(usize),
    /// Looks at the partner's inbox and sees nothing in it.
    Look(usize),
    Claim(usize, usize),
    Send(usize, usize, Answer),
    Settle(usize, usize),
    /// The partner takes everything out of its inbox.
    Fetch,
    /// A person lets a blocked delivery try again.
    Retry(usize),
    Registers,
    Forget(usize),
    Tick,
    StepBack,
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let known: BTreeSet<usize> = self.scope.known.iter().map(|message| self.message(*message)).collect();
        let stored = || Stored { payload: false, accepted: true, decided: BTreeSet::new() };
        let messages = (0..self.catalogue.len()).map(|message| known.contains(&message).then(stored)).collect();
        let case = |detention| {
            let is_known = |kind| self.scope.known.contains(&(kind, detention));
            Case {
                given: is_known(Kind::Consent).then_some(0),
                withdrawn: is_known(Kind::Withdrawal).then_some(0),
                moved: is_known(Kind::Move),
                ..Case::default()
            }
        };
        let cases = (0..self.detentions()).map(case).collect();
        vec![State {
            clock: 0,
            budget: self.scope.budget,
            published: if self.scope.at_once { self.scope.messages.len() } else { 0 },
            told: BTreeSet::new(),
            queue: self.scope.messages.iter().filter(|_| self.scope.at_once).map(|message| self.message(*message)).collect(),
            store: Store {
                lease_until: if self.scope.hubs == 1 { Tick::MAX } else { 0 },
                epoch: 0,
                cases,
                messages,
                deliveries: Vec::new(),
            },
            hubs: vec![self.started(); self.scope.hubs],
            arrivals: Vec::new(),
            inbox: false,
            broken: BTreeSet::new(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        // what is broken once is enough
        if !state.broken.is_empty() {
            return;
        }
        actions.extend((state.published < self.scope.messages.len()).then_some(Action::Publish));
        if self.scope.receipts {
            actions.extend((0..state.store.messages.len()).map(Action::Tell));
        }
        (0..state.hubs.len()).for_each(|hub| self.actions_of(state, hub, actions));
        actions.extend(state.inbox.then_some(Action::Fetch));
        actions.extend((0..state.store.deliveries.len()).map(Action::Retry));
        if self.scope.forgets {
            actions.extend((0..state.store.messages.len()).map(Action::Forget));
        }
        if state.clock < self.scope.last {
            actions.push(Action::Tick);
            actions.extend((state.budget.registers > 0).then_some(Action::Registers));
            actions.extend((state.budget.steps_back > 0 && state.clock > 0).then_some(Action::StepBack));
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        self.act(&mut state, action).then(|| in_one_form(state))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = properties::invariants();
        if self.bug.is_none() {
            all.push(Property::eventually(SETTLES, properties::settles));
            let reached = |name: &&'static str| NAMED.into_iter().find(|(named, _)| named == name).unwrap();
            all.extend(self.scope.reaches.iter().map(reached).map(|(name, condition)| Property::sometimes(name, condition)));
        }
        all
    }
}

impl World {
    fn started(&self) -> Hub {
        Hub { lease: if self.scope.hubs == 1 { Lease::Own } else { Lease::None }, ..Hub::default() }
    }

    fn actions_of(&self, state: &State, hub: usize, actions: &mut Vec<Action>) {
        let own = &state.hubs[hub];
        let quiet = state.clock >= self.scope.last;
        let Budget { crashes, cuts, lost_confirms, refused, unroutable, .. } = state.budget;
        if !quiet {
            actions.extend((crashes > 0 && *own != self.started()).then_some(Action::Crash(hub)));
            actions.extend((cuts > 0 && own.channel && !own.batch.is_empty()).then_some(Action::Cut(hub)));
        }
        let answers: [(bool, &[Answer]); 4] = [
            (true, &[Answer::Confirmed]),
            (!quiet && lost_confirms > 0, &[Answer::LostAfter, Answer::LostBefore]),
            (!quiet && refused > 0, &[Answer::NotNow]),
            (!quiet && unroutable > 0, &[Answer::Unroutable]),
        ];
        for (place, hand) in own.hands.iter().enumerate() {
            match hand.answer {
                Some(_) => actions.push(Action::Settle(hub, place)),
                None => {
                    let possible = answers.iter().filter(|(possible, _)| *possible).flat_map(|(_, answers)| *answers);
                    actions.extend(possible.map(|answer| Action::Send(hub, place, *answer)));
                }
            }
        }
        if self.scope.hubs > 1 {
            actions.extend([Action::Lease(hub), Action::GiveUp(hub), Action::Look(hub)]);
        }
        if own.lease == Lease::None {
            return;
        }
        if own.batch.is_empty() {
            actions.extend((!state.queue.is_empty()).then_some(Action::Take(hub)));
        } else if own.recorded == 0 {
            // the database may refuse a row: then fewer go in
            actions.extend((1..=own.batch.len()).map(|count| Action::Record(hub, count)));
        }
        let early = self.has(Mutant::AcknowledgedBeforeTheCommit) && own.channel && !own.batch.is_empty();
        actions.extend((own.recorded > 0 || early).then_some(Action::Acknowledge(hub)));
        actions.extend((0..state.store.deliveries.len()).map(|place| Action::Claim(hub, place)));
    }

    /// Gives `false` if nothing happened.
    fn act(&self, state: &mut State, action: Action) -> bool {
        match action {
            Action::Publish => {
                state.queue.push(self.message(self.scope.messages[state.published]));
                state.published += 1;
                true
            }
            Action::Tell(message) => {
                let accepted = state.store.messages[message].as_ref().is_some_and(|stored| stored.accepted);
                accepted && state.told.insert(message)
            }
            Action::Take(hub) => {
                self.take(state, hub);
                true
            }
            Action::Record(hub, count) => self.record(state, hub, count),
            Action::Acknowledge(hub) => {
                self.acknowledge(state, hub);
                true
            }
            Action::Claim(hub, place) => self.claim(state, hub, place),
            Action::Send(hub, hand, answer) => {
                let Budget { lost_confirms, refused, unroutable, .. } = &mut state.budget;
                match answer {
                    Answer::Confirmed => {}
                    Answer::LostAfter | Answer::LostBefore => *lost_confirms -= 1,
                    Answer::NotNow => *refused -= 1,
                    Answer::Unroutable => *unroutable -= 1,
                }
                self.send(state, hub, hand, answer);
                true
            }
            Action::Settle(hub, hand) => {
                self.settle(state, hub, hand);
                true
            }
            Action::Forget(message) => self.forget(state, message),
            Action::Lease(hub) | Action::GiveUp(hub) | Action::Look(hub) => self.hold(state, hub, action),
            Action::Crash(hub) => {
                state.budget.crashes -= 1;
                give_back(state, hub);
                state.hubs[hub] = self.started();
                true
            }
            Action::Cut(hub) => {
                state.budget.cuts -= 1;
                give_back(state, hub);
                true
            }
            Action::Fetch | Action::Retry(_) | Action::Registers | Action::Tick | Action::StepBack => world(state, action),
        }
    }

    /// Leases, and what is known under them.
    fn hold(&self, state: &mut State, hub: usize, action: Action) -> bool {
        let until = state.clock + LEASE;
        let own = state.hubs[hub].lease;
        let passed = state.store.lease_until <= state.clock;
        match action {
            Action::Lease(_) if (own == Lease::None && passed) || (own == Lease::Own && !passed && state.store.lease_until < until) => {
                state.hubs.iter_mut().filter(|hub| hub.lease == Lease::Own).for_each(|hub| hub.lease = Lease::Lost);
                state.store.lease_until = until;
                state.hubs[hub].lease = Lease::Own;
                true
            }
            Action::GiveUp(_) if own == Lease::Lost || (own == Lease::Own && passed) => {
                give_back(state, hub);
                let hub = &mut state.hubs[hub];
                (hub.lease, hub.saw_empty) = (Lease::None, false);
                hub.batch.clear();
                true
            }
            Action::Look(_) => {
                let by_consent = |one: &super::world::Delivery| one.permit.by_consent && one.stage.is_open();
                let wanted = state.store.deliveries.iter().any(by_consent);
                let sees = wanted && own != Lease::None && !state.hubs[hub].saw_empty && self.sees_empty(state, hub);
                state.hubs[hub].saw_empty |= sees;
                sees
            }
            _ => false,
        }
    }
}

/// What a hub has not acknowledged is in the queue again, in its old place.
fn give_back(state: &mut State, hub: usize) {
    let hub = &mut state.hubs[hub];
    if hub.channel {
        state.queue.splice(0..0, hub.batch.iter().copied());
    }
    hub.channel = false;
    hub.recorded = hub.recorded.min(hub.batch.len());
}

/// States that differ in nothing that matters are one: which hub is called the first, and what over deliveries once rested on.
fn in_one_form(mut state: State) -> State {
    state.hubs.iter_mut().for_each(|hub| hub.hands.sort());
    state.hubs.sort();
    for one in state.store.deliveries.iter_mut().filter(|one| one.stage.is_over()) {
        one.stamp = Stamp::default();
    }
    state
}

fn world(state: &mut State, action: Action) -> bool {
    match action {
        Action::Fetch => state.inbox = false,
        Action::Retry(place) if state.store.deliveries[place].stage == Stage::Blocked => {
            state.store.deliveries[place].stage = Stage::Waiting;
        }
        Action::Registers => {
            state.budget.registers -= 1;
            state.store.epoch += 1;
        }
        Action::Tick => state.clock += 1,
        Action::StepBack => {
            state.budget.steps_back -= 1;
            state.clock -= 1;
        }
        _ => return false,
    }
    true
}
