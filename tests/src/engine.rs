//! What the hub does with messages, seen from outside: a store in memory, a clock that is set, a bus that answers by script.

mod batches;
mod claims;
mod consents;
mod corrections;
mod deadlines;
mod desks;
mod duplicates;
mod environments;
mod explaining;
mod fetching;
mod floods;
mod follow_up;
mod hand_overs;
mod lanes;
mod parking;
mod passing;
mod poison;
mod properties;
mod receipts;
mod refusals;
mod responsibility;
mod senders;
mod slots;
mod stops;
mod subscriptions;
mod unread;
