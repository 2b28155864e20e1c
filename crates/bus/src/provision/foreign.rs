//! Users that are neither the hub nor a participant, and have rights that reach what is between these.

use regex::Regex;
use schakelpunt_amqp::topology::{DEAD, IN, INTAKE, NOT_COLLECTED, OUT, STOP, Topology, UNROUTED, inbox, intake_queue};
use schakelpunt_domain::ParticipantId;
use serde_json::Value;

/// The exchange that reaches every queue by its name.
const DEFAULT_EXCHANGE: &str = "amq.default";

/// A right as the broker reads it: a regular expression that may match anywhere, and nothing at all where it is empty.
enum Pattern {
    Nothing,
    Matches(Regex),
    /// It cannot be read here. Better a sentence too many than one too few.
    Everything,
}

impl Pattern {
    fn of(row: &Value, right: &str) -> Self {
        match row.get(right).and_then(Value::as_str).unwrap_or_default() {
            "" => Self::Nothing,
            text => Regex::new(text).map_or(Self::Everything, Self::Matches),
        }
    }

    fn reaches(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Matches(regex) => regex.is_match(name),
            Self::Everything => true,
        }
    }
}

/// What a user may do that nobody but the hub or one participant should. `permission` is its row, `topics` those of all users.
pub(super) fn check(user: &str, permission: &Value, topics: &[Value], topology: &Topology, participants: &[&ParticipantId]) -> Vec<String> {
    let [configure, write, read] = ["configure", "write", "read"].map(|right| Pattern::of(permission, right));
    let inboxes: Vec<String> = participants.iter().map(|participant| inbox(participant)).collect();
    let intakes = (0..topology.intake_queues).map(intake_queue);
    let own = || [STOP, DEAD, UNROUTED, NOT_COLLECTED].map(str::to_owned).into_iter().chain(intakes.clone());
    let mut found = Vec::new();
    let mut say = |what: &str, names: Vec<String>| {
        if let Some((first, more)) = names.split_first() {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            found.push(format!("user {user}: {what} {first}{more}"));
        }
    };
    let reached = |pattern: &Pattern, names: Vec<String>| names.into_iter().filter(|name| pattern.reaches(name)).collect::<Vec<_>>();
    say("may read", reached(&read, inboxes.clone()));
    say("may read", reached(&read, own().collect()));
    say("may bind to, and read along at,", reached(&read, [IN, INTAKE, OUT].map(str::to_owned).into()));
    say("may write into inboxes by way of", reached(&write, [OUT, DEFAULT_EXCHANGE].map(str::to_owned).into()));
    say("may bind, and so fill,", reached(&write, inboxes.iter().cloned().chain(own()).collect()));
    let exchanges = [IN, INTAKE, OUT].map(str::to_owned);
    say("may change or delete", reached(&configure, inboxes.into_iter().chain(own()).chain(exchanges).collect()));
    if write.reaches(IN) {
        let is_own =
            |row: &&Value| row.get("user").and_then(Value::as_str) == Some(user) && row.get("exchange").and_then(Value::as_str) == Some(IN);
        match topics.iter().find(is_own) {
            None => found.push(format!("user {user}: may publish to {IN} as anybody: it has no topic permission there")),
            Some(row) => {
                let prefix = Pattern::of(row, "write");
                let names: Vec<_> = participants.iter().filter(|id| prefix.reaches(&format!("{id}.deceased"))).collect();
                if let Some(first) = names.first() {
                    let more = if names.len() == 1 { String::new() } else { format!(" and {} more", names.len() - 1) };
                    found.push(format!("user {user}: may publish to {IN} as {first}{more}"));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(permission: &Value, topics: &[Value]) -> Vec<String> {
        let participants: Vec<ParticipantId> = ["gemeente-leiden", "pi-alphen"].iter().map(|id| id.parse().unwrap()).collect();
        check("spy", permission, topics, &Topology::default(), &participants.iter().collect::<Vec<_>>())
    }

    #[test]
    fn rights_that_reach_nothing_of_ours_are_nobodys_business() {
        assert_eq!(found(&json!({"configure": "", "write": "^$", "read": "^metrics\\."}), &[]), Vec::<String>::new());
    }

    #[test]
    fn whoever_may_do_everything_is_told_of_part_by_part() {
        let all = found(&json!({"configure": ".*", "write": ".*", "read": ".*"}), &[]);
        assert_eq!(all[0], "user spy: may read inbox.gemeente-leiden and 1 more");
        assert!(all.iter().any(|line| line == "user spy: may publish to schakelpunt.in as anybody: it has no topic permission there"));
        assert!(all.iter().any(|line| line.starts_with("user spy: may change or delete inbox.gemeente-leiden")), "{all:?}");
    }

    #[test]
    fn a_topic_permission_says_as_whom() {
        let row = |write: &str| [json!({"user": "spy", "exchange": IN, "write": write})];
        let write = json!({"configure": "^$", "write": "^schakelpunt\\.in$", "read": "^$"});
        assert_eq!(found(&write, &row("^pi-.*")), ["user spy: may publish to schakelpunt.in as pi-alphen"]);
        assert_eq!(found(&write, &row("^spy\\.")), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_read_here_counts_as_everything() {
        assert!(!found(&json!({"configure": "^$", "write": "^$", "read": "(?<=x)y("}), &[]).is_empty());
    }
}
